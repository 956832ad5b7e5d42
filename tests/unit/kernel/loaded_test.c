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

        (void)state;
        assert_int_equal(loaded_hint(&l, hints, 3, places, 3, FIRST), 0);
        assert_int_equal(*hint_of(hints, 3, &objects[0]), FIRST);
        assert_int_equal(*hint_of(hints, 3, &objects[1]), FIRST + 2);
        assert_int_equal(l.n_hints, 2);
        loaded_unhint(&l, hints);
        loaded_release(&l);
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
        __u32 *hint = hint_of(hints, 3, &object);

        (void)state;
        *hint = 1234; /* another policy's */
        assert_int_equal(loaded_hint(&l, hints, 3, &place, 1, FIRST), 0);
        assert_int_equal(*hint, HF_HINT_MANY);
        loaded_unhint(&l, hints);
        assert_int_equal(*hint, HF_HINT_MANY);
        loaded_release(&l);
        free(hints);
}

static void only_what_goes_by_its_address_is_held_open(void **state)
{
        int held = open("/", O_PATH | O_CLOEXEC), other = open("/", O_PATH | O_CLOEXEC);
        bool *hold = calloc((size_t)(held > other ? held : other) + 1, sizeof(*hold));
        struct place places[] = { { .fd = other }, { .fd = -1 }, { .fd = held } };
        struct compiled c = { .places = places, .n_places = 3 };
        struct loaded l = { 0 };

        (void)state;
        hold[held] = true;
        assert_int_equal(loaded_hold(&l, &c, hold), 0);
        assert_int_equal(l.n_fds, 1);
        assert_int_equal(l.fds[0], held);
        assert_int_equal(places[0].fd, other);
        assert_int_equal(places[2].fd, -1);
        loaded_release(&l);
        assert_int_equal(fcntl(held, F_GETFD), -1);
        assert_int_not_equal(fcntl(other, F_GETFD), -1);
        close(other);
        free(hold);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(hints_lead_to_the_objects_and_go_with_the_policy),
                cmocka_unit_test(a_hint_of_two_policies_says_so_and_outlives_either),
                cmocka_unit_test(only_what_goes_by_its_address_is_held_open),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
