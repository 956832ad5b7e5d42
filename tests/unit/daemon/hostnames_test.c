/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/hostnames.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static struct hostnames all;

static const uint8_t *addr(unsigned n)
{
        static uint8_t to[16];

        memcpy(to, &n, sizeof(n));
        return to;
}

static void note(unsigned n, const char *name)
{
        hostnames_note(&all, addr(n), name, 256);
}

static int clear(void **state)
{
        (void)state;
        hostnames_clear(&all);
        return 0;
}

static void an_address_that_no_name_led_to_has_none(void **state)
{
        (void)state;
        assert_null(hostnames_find(&all, addr(1)));
        note(1, "a.example");
        assert_null(hostnames_find(&all, addr(2)));
        assert_string_equal(hostnames_find(&all, addr(1)), "a.example");
}

static void of_several_names_it_has_the_last(void **state)
{
        (void)state;
        note(1, "a.example");
        note(1, "b.example");
        note(2, "c.example");
        assert_string_equal(hostnames_find(&all, addr(1)), "b.example");
        note(1, "a.example");
        assert_string_equal(hostnames_find(&all, addr(1)), "a.example");
        assert_int_equal(all.count, 2);
}

static void a_name_that_does_not_end_is_cut(void **state)
{
        (void)state;
        hostnames_note(&all, addr(1), (const char[]){ 'a', 'b', 'c' }, 2);
        assert_string_equal(hostnames_find(&all, addr(1)), "ab");
}

static void the_next_one_takes_the_place_of_that_which_was_told_longest_ago(void **state)
{
        (void)state;
        for (unsigned n = 0; n < HOSTNAMES_MAX; n++)
                note(n, "first.example");
        note(0, "again.example");
        note(HOSTNAMES_MAX, "next.example");
        assert_int_equal(all.count, HOSTNAMES_MAX);
        assert_string_equal(hostnames_find(&all, addr(0)), "again.example");
        assert_null(hostnames_find(&all, addr(1)));
        assert_string_equal(hostnames_find(&all, addr(2)), "first.example");
        assert_string_equal(hostnames_find(&all, addr(HOSTNAMES_MAX)), "next.example");
}

static void nothing_is_left_once_it_is_cleared(void **state)
{
        (void)state;
        note(1, "a.example");
        hostnames_clear(&all);
        assert_null(hostnames_find(&all, addr(1)));
        note(1, "b.example");
        assert_string_equal(hostnames_find(&all, addr(1)), "b.example");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_teardown(an_address_that_no_name_led_to_has_none, clear),
                cmocka_unit_test_teardown(of_several_names_it_has_the_last, clear),
                cmocka_unit_test_teardown(a_name_that_does_not_end_is_cut, clear),
                cmocka_unit_test_teardown(the_next_one_takes_the_place_of_that_which_was_told_longest_ago, clear),
                cmocka_unit_test_teardown(nothing_is_left_once_it_is_cleared, clear),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
