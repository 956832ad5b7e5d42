/* SPDX-License-Identifier: Apache-2.0 */
#include "base/window.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#define NOW 1000000ull

static void what_was_counted_before_the_window_began_does_not_count(void **state)
{
        struct window w;

        (void)state;
        window_begin(&w, 600, NOW, 70);
        assert_int_equal(window_grown(&w, NOW, 70), 0);
        assert_int_equal(window_grown(&w, NOW + 1, 75), 5);
        window_begin(&w, 600, NOW + 2, 75);
        assert_int_equal(window_grown(&w, NOW + 2, 75), 0);
}

static void a_burst_counts_whole_as_long_as_the_window_and_no_longer(void **state)
{
        struct window w;

        (void)state;
        window_begin(&w, 600, NOW, 0);
        for (uint64_t t = 0; t <= 1000; t++)
                assert_int_equal(window_grown(&w, NOW + t, 0), 0);
        assert_int_equal(window_grown(&w, NOW + 1001, 50), 50);
        for (uint64_t t = 1001; t <= 1590; t++)
                assert_int_equal(window_grown(&w, NOW + t, 50), 50);
        for (uint64_t t = 1612; t <= 3000; t++)
                assert_int_equal(window_grown(&w, NOW + t, 50), 0);
}

/* One for each unit of time: 600 within the window, and at most a step less. */
static void what_goes_on_evenly_counts_as_much_as_the_window_is_long(void **state)
{
        struct window w;

        (void)state;
        window_begin(&w, 600, NOW, 0);
        for (uint64_t t = 1; t <= 5000; t++) {
                const uint64_t grown = window_grown(&w, NOW + t, t);

                assert_true(grown <= 600);
                assert_true(grown >= (t < 600 ? t : 600 - 10));
        }
}

static void nothing_is_counted_twice_where_nobody_asks_for_long(void **state)
{
        struct window w;

        (void)state;
        window_begin(&w, 600, NOW, 0);
        assert_int_equal(window_grown(&w, NOW + 500, 3), 3);
        assert_int_equal(window_grown(&w, NOW + 5000, 7), 4);
        assert_int_equal(window_grown(&w, NOW + 10000, 7), 0);
}

static void different_ones_are_counted_once_each(void **state)
{
        struct different d;

        (void)state;
        assert_int_equal(different_begin(&d, 60, 3), 0);
        assert_int_equal(different_note(&d, 1, NOW), 1);
        assert_int_equal(different_note(&d, 1, NOW + 1), 1);
        assert_int_equal(different_note(&d, 2, NOW + 2), 2);
        assert_int_equal(different_note(&d, 3, NOW + 3), 3);
        assert_int_equal(different_note(&d, 4, NOW + 4), 4);
        assert_int_equal(different_note(&d, 5, NOW + 5), 4); /* more than 3: how many more does not matter */
        /* 1 leaves after its last time, not its first. */
        assert_int_equal(different_note(&d, 4, NOW + 61), 4);
        assert_int_equal(different_note(&d, 4, NOW + 62), 3);
        assert_int_equal(different_note(&d, 4, NOW + 64), 1);
        different_forget(&d);
        assert_int_equal(different_note(&d, 9, NOW + 65), 1);
        different_clear(&d);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_was_counted_before_the_window_began_does_not_count),
                cmocka_unit_test(a_burst_counts_whole_as_long_as_the_window_and_no_longer),
                cmocka_unit_test(what_goes_on_evenly_counts_as_much_as_the_window_is_long),
                cmocka_unit_test(nothing_is_counted_twice_where_nobody_asks_for_long),
                cmocka_unit_test(different_ones_are_counted_once_each),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
