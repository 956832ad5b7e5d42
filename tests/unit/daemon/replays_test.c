/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/replays.c"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define OPERATION "POST /v1/kills"

static const uint8_t request[REPLAYS_DIGEST] = { 7 };

static void add(struct replays *all, uid_t uid, int number, size_t length, uint64_t now)
{
        char key[32];
        char *text = calloc(1, length + 1);

        snprintf(key, sizeof(key), "key-%d", number);
        assert_int_equal(replays_add(all, uid, OPERATION, key, request, 201, text, length, now), 0);
        free(text);
}

static bool has(struct replays *all, uid_t uid, int number, uint64_t now)
{
        char key[32];

        snprintf(key, sizeof(key), "key-%d", number);
        return replays_find(all, uid, OPERATION, key, now);
}

static void an_answer_is_found_by_user_operation_and_key(void **state)
{
        struct replays all = { NULL };
        const struct replay *r;

        (void)state;
        assert_int_equal(replays_add(&all, 1000, OPERATION, "k", request, 201, "text", 4, 5), 0);
        r = replays_find(&all, 1000, OPERATION, "k", 6);
        assert_non_null(r);
        assert_int_equal(r->status, 201);
        assert_int_equal(r->length, 4);
        assert_string_equal(r->text, "text");
        assert_memory_equal(r->request, request, sizeof(request));
        assert_null(replays_find(&all, 1001, OPERATION, "k", 6));
        assert_null(replays_find(&all, 1000, "POST /v1/sessions", "k", 6));
        assert_null(replays_find(&all, 1000, OPERATION, "K", 6));
        replays_clear(&all);
        assert_null(replays_find(&all, 1000, OPERATION, "k", 6));
}

static void an_answer_is_kept_for_a_day(void **state)
{
        struct replays all = { NULL };

        (void)state;
        add(&all, 0, 1, 1, 10);
        assert_true(has(&all, 0, 1, 10 + REPLAYS_AGE - 1));
        assert_false(has(&all, 0, 1, 10 + REPLAYS_AGE));
        add(&all, 0, 2, 1, 10 + REPLAYS_AGE);
        assert_null(all.list->next);
        replays_clear(&all);
}

static void of_one_user_the_latest_stay_and_those_of_others_too(void **state)
{
        struct replays all = { NULL };

        (void)state;
        add(&all, 0, 1, 1, 1);
        for (int i = 0; i < REPLAYS_USER_MAX + 1; i++)
                add(&all, 1000, i, 1, 2);
        assert_true(has(&all, 0, 1, 3));
        assert_false(has(&all, 1000, 0, 3));
        for (int i = 1; i < REPLAYS_USER_MAX + 1; i++)
                assert_true(has(&all, 1000, i, 3));
        replays_clear(&all);
}

static void of_one_user_no_more_bytes_stay_than_there_is_room_for(void **state)
{
        struct replays all = { NULL };
        char *large = calloc(1, REPLAYS_USER_BYTES + 2);

        (void)state;
        add(&all, 1000, 1, REPLAYS_USER_BYTES / 2, 1);
        add(&all, 1000, 2, REPLAYS_USER_BYTES / 2, 1);
        assert_true(has(&all, 1000, 1, 2));
        add(&all, 1000, 3, 1, 1);
        assert_false(has(&all, 1000, 1, 2));
        assert_true(has(&all, 1000, 2, 2));
        assert_int_equal(replays_add(&all, 1000, OPERATION, "large", request, 201, large, REPLAYS_USER_BYTES + 1, 2), -E2BIG);
        assert_true(has(&all, 1000, 3, 2));
        free(large);
        replays_clear(&all);
}

static void all_users_together_have_no_more_than_there_is_room_for(void **state)
{
        struct replays all = { NULL };
        size_t n = 0;

        (void)state;
        for (int i = 0; i < 2 * REPLAYS_MAX; i++)
                add(&all, (uid_t)(i / 50), i, 1, 1);
        for (struct replay *r = all.list; r; r = r->next)
                n++;
        assert_int_equal(n, REPLAYS_MAX);
        replays_clear(&all);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(an_answer_is_found_by_user_operation_and_key),
                cmocka_unit_test(an_answer_is_kept_for_a_day),
                cmocka_unit_test(of_one_user_the_latest_stay_and_those_of_others_too),
                cmocka_unit_test(of_one_user_no_more_bytes_stay_than_there_is_room_for),
                cmocka_unit_test(all_users_together_have_no_more_than_there_is_room_for),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
