/* SPDX-License-Identifier: Apache-2.0 */
#include "base/utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void what_a_terminal_acts_on_is_told(void **state)
{
        (void)state;
        assert_int_equal(utf8_acts("\x1b[2J"), 1);
        assert_int_equal(utf8_acts("\n"), 1);
        assert_int_equal(utf8_acts("\x7f"), 1);
        assert_int_equal(utf8_acts("\xc2\x9b"
                                   "2J"),
                         2); /* CSI of C1 */
        assert_int_equal(utf8_acts("\xc2\x80"), 2);
        assert_int_equal(utf8_acts("\xe2\x80\xae"), 3); /* right to left from here on */
        assert_int_equal(utf8_acts("\xe2\x81\xa6"), 3);
        assert_int_equal(utf8_acts("\xd8\x9c"), 2);
        assert_int_equal(utf8_acts("\x9b"), 1); /* no character */
        assert_int_equal(utf8_acts("\xc2"), 1);
}

static void what_can_be_shown_is_told(void **state)
{
        (void)state;
        assert_int_equal(utf8_acts("a"), 0);
        assert_int_equal(utf8_acts("\xc2\xa0"), 0);
        assert_int_equal(utf8_acts("\xc3\x9b"), 0);
        assert_int_equal(utf8_acts("\xe2\x82\xac"), 0);
        assert_int_equal(utf8_acts("\xf0\x9f\x98\x80"), 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_a_terminal_acts_on_is_told),
                cmocka_unit_test(what_can_be_shown_is_told),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
