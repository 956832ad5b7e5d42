/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/folds.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#define SECOND 1000000000ull

static struct folds all;

/* What was told. */
static uint64_t told, told_count, told_first, told_last;

static void tell(void *context, const struct fold *f)
{
        (void)context;
        assert_non_null(f->text);
        told++;
        told_count += f->count;
        told_first = f->first;
        told_last = f->last;
}

static int set_up(void **state)
{
        (void)state;
        told = told_count = told_first = told_last = 0;
        return 0;
}

static int tear_down(void **state)
{
        (void)state;
        folds_clear(&all);
        return 0;
}

struct made {
        struct hf_event event;
        char path[400];
};

/* A refusal of a file; what is behind its path differs from one to the next, as in the kernel's buffer. */
static struct made refusal(const char *path, uint64_t time)
{
        static char junk;
        struct made m;

        memset(&m, ++junk, sizeof(m));
        m.event = (struct hf_event){
                .time = time, .kind = HF_EVENT_FILE, .op = HF_OP_OPEN, .flags = HF_EVENT_DENIED, .pid = 7, .tid = 7, .right = HF_WRITE
        };
        m.event.path_len = (uint16_t)(strlen(path) + 1);
        memcpy((char *)&m + offsetof(struct hf_event, path), path, m.event.path_len);
        return m;
}

/* Whether it was folded. */
static bool note(const struct made *m, uint64_t now)
{
        struct fold *f = folds_note(&all, &m->event, sizeof(*m), now);

        if (f && !f->text)
                f->text = strdup("{}");
        return f;
}

static void the_first_of_the_same_are_written_and_those_after_them_counted(void **state)
{
        (void)state;
        for (uint64_t i = 1; i <= 1000; i++) {
                const struct made m = refusal("secret", i);

                assert_int_equal(note(&m, i), i > FOLDS_DIRECT);
        }
        folds_tick(&all, SECOND, tell, NULL);
        assert_int_equal(told, 0); /* the interval began with the first */
        folds_tick(&all, SECOND + 1, tell, NULL);
        assert_int_equal(told, 1);
        assert_int_equal(told_count, 1000 - FOLDS_DIRECT);
        assert_int_equal(told_first, FOLDS_DIRECT + 1);
        assert_int_equal(told_last, 1000);
}

static void what_goes_on_is_folded_from_its_first_in_the_next_interval(void **state)
{
        struct made m = refusal("secret", 1);

        (void)state;
        for (int i = 0; i < 10; i++)
                note(&m, 1);
        folds_tick(&all, 2 * SECOND, tell, NULL);
        assert_true(note(&m, 2 * SECOND));
        folds_tick(&all, 3 * SECOND, tell, NULL);
        assert_int_equal(told, 2);
        assert_int_equal(told_count, 10 - FOLDS_DIRECT + 1);
        folds_tick(&all, 4 * SECOND, tell, NULL); /* nothing more came: it is forgotten */
        assert_int_equal(told, 2);
        assert_int_equal(all.n, 0);
        assert_false(note(&m, 4 * SECOND));
}

static void what_differs_in_anything_but_its_time_is_not_folded_together(void **state)
{
        struct made others[10];

        (void)state;
        for (size_t i = 0; i < 10; i++)
                others[i] = refusal(i == 9 ? "other" : "secret", i);
        others[1].event.pid++;
        others[2].event.op = HF_OP_UNLINK;
        others[3].event.rule = 3;
        others[4].event.right = HF_READ;
        others[5].event.why = HF_WHY_KILLED;
        others[6].event.addr[15] = 1;
        others[7].event.port = 443;
        others[8].event.comm[0] = 'x';
        for (int turn = 0; turn < FOLDS_DIRECT; turn++)
                for (size_t i = 0; i < 10; i++)
                        assert_false(note(&others[i], 1));
        for (size_t i = 0; i < 10; i++)
                assert_true(note(&others[i], 1));
        folds_tick(&all, UINT64_MAX, tell, NULL);
        assert_int_equal(told, 10);
        assert_int_equal(told_count, 10);
}

static void a_flood_among_ever_other_things_is_folded_all_the_same(void **state)
{
        const struct made m = refusal("secret", 1);
        uint64_t written = 0;

        (void)state;
        for (int i = 0; i < 10000; i++) {
                char name[16];
                struct made other;

                snprintf(name, sizeof(name), "file%d", i);
                other = refusal(name, 1);
                written += !note(&m, 1);
                assert_false(note(&other, 1));
        }
        folds_tick(&all, UINT64_MAX, tell, NULL);
        assert_int_equal(written, FOLDS_DIRECT);
        assert_int_equal(told_count, 10000 - FOLDS_DIRECT);
}

static void more_floods_than_there_are_places_are_written_or_counted(void **state)
{
        uint64_t written = 0;

        (void)state;
        for (int i = 0; i < 100000; i++) {
                char name[16];
                struct made m;

                snprintf(name, sizeof(name), "file%d", i % (2 * FOLDS));
                m = refusal(name, 1);
                written += !note(&m, 1);
        }
        folds_tick(&all, UINT64_MAX, tell, NULL);
        assert_int_equal(written + told_count, 100000);
        assert_int_equal(all.n, 0);
}

static void what_is_taken_out_again_is_not_counted(void **state)
{
        const struct made m = refusal("secret", 1);
        struct fold *f = NULL;

        (void)state;
        for (int i = 0; i <= FOLDS_DIRECT; i++)
                f = folds_note(&all, &m.event, sizeof(m), 1);
        assert_non_null(f);
        assert_null(f->text);
        fold_take_out(f);
        folds_tick(&all, UINT64_MAX, tell, NULL);
        assert_int_equal(told, 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(the_first_of_the_same_are_written_and_those_after_them_counted, set_up, tear_down),
                cmocka_unit_test_setup_teardown(what_goes_on_is_folded_from_its_first_in_the_next_interval, set_up, tear_down),
                cmocka_unit_test_setup_teardown(what_differs_in_anything_but_its_time_is_not_folded_together, set_up, tear_down),
                cmocka_unit_test_setup_teardown(a_flood_among_ever_other_things_is_folded_all_the_same, set_up, tear_down),
                cmocka_unit_test_setup_teardown(more_floods_than_there_are_places_are_written_or_counted, set_up, tear_down),
                cmocka_unit_test_setup_teardown(what_is_taken_out_again_is_not_counted, set_up, tear_down),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
