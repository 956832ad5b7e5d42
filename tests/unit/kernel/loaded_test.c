/* SPDX-License-Identifier: Apache-2.0 */
/* What a loaded policy holds: hints that lead to its objects and go with it, and the descriptors that must stay open. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <unistd.h>

#include "holdfast/book.h"
#include "kernel/loaded.h"

#define FIRST 7

static __u32 *hint_of(struct hf_hints *hints, __u32 policy, const struct hf_object *object)
{
        return &hints->place[hf_hint(object->ino, hf_hint_salt(policy, object->dev))];
}

static void hints_lead_to_the_objects_and_go_with_the_policy(void **state)
{
        const struct hf_object objects[] = { { .ino = 5, .dev = 1, .generation = 9 }, { .ino = 6, .dev = 1, .generation = 9 } };
        const struct book_place places[] = { { .object = &objects[0] }, { .name = "nothing there" }, { .object = &objects[1] } };
        struct hf_hints *hints = calloc(1, sizeof(*hints)), *before = calloc(1, sizeof(*before));
        struct loaded l = { 0 };
        void *all = NULL;

        (void)state;
        assert_int_equal(loaded_hint(&l, hints, 3, places, 3, FIRST), 0);
        assert_int_equal(*hint_of(hints, 3, &objects[0]), FIRST);
        assert_int_equal(*hint_of(hints, 3, &objects[1]), FIRST + 2);
        assert_int_equal(l.n_hints, 2);
        loaded_unhint(&l, hints);
        loaded_release(&l, &all);
        assert_memory_equal(hints, before, sizeof(*hints));
        free(hints);
        free(before);
}

static void a_hint_of_two_policies_says_so_and_outlives_either(void **state)
{
        const struct hf_object object = { .ino = 5, .dev = 1, .generation = 9 };
        const struct book_place place = { .object = &object };
        struct hf_hints *hints = calloc(1, sizeof(*hints));
        struct loaded l = { 0 };
        void *all = NULL;
        __u32 *hint = hint_of(hints, 3, &object);

        (void)state;
        *hint = 1234; /* another policy's */
        assert_int_equal(loaded_hint(&l, hints, 3, &place, 1, FIRST), 0);
        assert_int_equal(*hint, HF_HINT_MANY);
        loaded_unhint(&l, hints);
        assert_int_equal(*hint, HF_HINT_MANY);
        loaded_release(&l, &all);
        free(hints);
}

static void only_what_goes_by_its_address_is_held_open_and_by_one_descriptor(void **state)
{
        enum { OTHER, FIRST_PLACE, SECOND_PLACE, NEXT_POLICY, FDS };
        struct hf_object objects[256] = { 0 };
        bool hold[256] = { false };
        int fds[FDS];
        struct loaded first = { 0 }, second = { 0 };
        void *all = NULL;

        (void)state;
        for (int i = 0; i < FDS; i++) {
                fds[i] = open("/", O_PATH | O_CLOEXEC);
                assert_in_range(fds[i], 0, 255);
                hold[fds[i]] = i != OTHER;
                objects[fds[i]] = (struct hf_object){ .ino = i == SECOND_PLACE ? 6 : 5, .dev = 1 };
        }
        struct place places[] = { { .fd = fds[OTHER] }, { .fd = -1 }, { .fd = fds[FIRST_PLACE] }, { .fd = fds[SECOND_PLACE] } };
        struct place more[] = { { .fd = fds[NEXT_POLICY] } };
        struct compiled c = { .places = places, .n_places = 4 }, d = { .places = more, .n_places = 1 };

        assert_int_equal(loaded_hold(&first, &all, &c, objects, hold), 0);
        assert_int_equal(loaded_hold(&second, &all, &d, objects, hold), 0);
        assert_int_equal(first.n_fds, 2);
        assert_int_equal(first.fds[0], fds[FIRST_PLACE]);
        assert_int_equal(first.fds[1], fds[SECOND_PLACE]);
        assert_int_equal(second.n_fds, 1);
        assert_int_equal(second.fds[0], fds[FIRST_PLACE]);
        assert_int_equal(places[0].fd, fds[OTHER]);
        assert_int_equal(places[2].fd, -1);
        assert_int_equal(more[0].fd, fds[NEXT_POLICY]); /* whose it was */
        loaded_release(&first, &all);
        assert_int_not_equal(fcntl(fds[FIRST_PLACE], F_GETFD), -1);
        assert_int_equal(fcntl(fds[SECOND_PLACE], F_GETFD), -1);
        loaded_release(&second, &all);
        assert_int_equal(fcntl(fds[FIRST_PLACE], F_GETFD), -1);
        assert_null(all);
        close(fds[OTHER]);
        close(fds[NEXT_POLICY]);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(hints_lead_to_the_objects_and_go_with_the_policy),
                cmocka_unit_test(a_hint_of_two_policies_says_so_and_outlives_either),
                cmocka_unit_test(only_what_goes_by_its_address_is_held_open_and_by_one_descriptor),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
