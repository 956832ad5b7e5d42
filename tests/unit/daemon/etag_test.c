/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/etag.c"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void a_text_has_one_tag_and_another_text_another(void **state)
{
        char a[ETAG_SIZE], b[ETAG_SIZE];

        (void)state;
        assert_string_equal(etag_of("abc", 3, a), "\"ba7816bf8f01cfea414140de5dae2223\"");
        assert_string_equal(etag_of("abc", 3, b), a);
        assert_string_not_equal(etag_of("abd", 3, b), a);
}

static void a_list_matches_where_one_of_it_does(void **state)
{
        (void)state;
        assert_int_equal(etag_matches("\"a\"", "\"a\""), 1);
        assert_int_equal(etag_matches(" \"b\" ,\t\"a\" ", "\"a\""), 1);
        assert_int_equal(etag_matches("\"a,b\",\"c\"", "\"a,b\""), 1);
        assert_int_equal(etag_matches("\"b\", \"c\"", "\"a\""), 0);
        assert_int_equal(etag_matches("\"aa\"", "\"a\""), 0);
        assert_int_equal(etag_matches("\"\"", "\"a\""), 0);
        assert_int_equal(etag_matches("W/\"a\"", "\"a\""), 0);
        assert_int_equal(etag_matches("*", "\"a\""), 1);
        assert_int_equal(etag_matches(" * ", "\"a\""), 1);
        assert_int_equal(etag_matches("\"*\"", "\"a\""), 0);
}

static void what_is_no_list_is_told_from_one_that_does_not_match(void **state)
{
        static const char *const wrong[] = {
                "", " ", "a", "\"a", "\"a\",", "\"a\" \"b\"", ",\"a\"", "*x", "*,\"a\"", "w/\"a\"", "W/a", "W/"
        };

        (void)state;
        for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
                assert_int_equal(etag_matches(wrong[i], "\"a\""), -EINVAL);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_text_has_one_tag_and_another_text_another),
                cmocka_unit_test(a_list_matches_where_one_of_it_does),
                cmocka_unit_test(what_is_no_list_is_told_from_one_that_does_not_match),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
