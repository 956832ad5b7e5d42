/* SPDX-License-Identifier: Apache-2.0 */
/* TOML: what is understood, and which line is named where something is not. */
#include "import/toml.h"

#include "base/cleanup.h"
#include "base/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void reads(const char *text, const char *json)
{
        _cleanup_error_ struct error e = ERROR_INIT;
        _cleanup_json_ cJSON *tree = NULL;
        _cleanup_free_ char *printed = NULL;

        if (toml_load(text, strlen(text), &tree, &e) < 0)
                fail_msg("%s: %s", text, error_text(&e));
        printed = cJSON_PrintUnformatted(tree);
        assert_string_equal(printed, json);
}

static void fails_n(const char *text, size_t length, const char *words)
{
        _cleanup_error_ struct error e = ERROR_INIT;
        cJSON *tree = NULL;

        if (toml_load(text, length, &tree, &e) != -EINVAL || tree)
                fail_msg("read: %s", text);
        if (!strstr(error_text(&e), words))
                fail_msg("%s: \"%s\" does not say \"%s\"", text, error_text(&e), words);
}

static void fails(const char *text, const char *words)
{
        fails_n(text, strlen(text), words);
}

static void nothing_is_an_empty_table(void **state)
{
        (void)state;
        reads("", "{}");
        reads("# only\r\n\n  \t# remarks", "{}");
}

static void keys_are_plain_quoted_or_dotted(void **state)
{
        (void)state;
        reads("a-b_1 = 1\n\"x.y\" = 2\n'z\\' = 3", "{\"a-b_1\":1,\"x.y\":2,\"z\\\\\":3}");
        reads("a . \"b\" . 'c' = 1\na.b.d = 2", "{\"a\":{\"b\":{\"c\":1,\"d\":2}}}");
        reads("3.14 = 1\n\"\" = 2", "{\"3\":{\"14\":1},\"\":2}");
}

static void strings_are_of_four_kinds(void **state)
{
        (void)state;
        reads("a = \"x\\t\\\"\\\\\\u00e4\\U0001F600\"", "{\"a\":\"x\\t\\\"\\\\ä😀\"}");
        reads("a = 'C:\\x'", "{\"a\":\"C:\\\\x\"}");
        reads("a = \"\"\"\nx\ny \\\n   z\"\"\"\"", "{\"a\":\"x\\ny z\\\"\"}");
        reads("a = '''\r\nx'y\\n''z'''", "{\"a\":\"x'y\\\\n''z\"}");
        reads("a = \"\"\nb = ''\nc = \"\"\"\"\"\"\nd = ''''''", "{\"a\":\"\",\"b\":\"\",\"c\":\"\",\"d\":\"\"}");
        reads("a = \"\"\"x \\  \r\n \r\n  y\"\"\"", "{\"a\":\"x y\"}");
}

static void numbers_and_booleans(void **state)
{
        (void)state;
        reads("a = +1_000\nb = -17\nc = 0xDEAD_beef\nd = 0o17\ne = 0b101\nf = 0",
              "{\"a\":1000,\"b\":-17,\"c\":3735928559,\"d\":15,\"e\":5,\"f\":0}");
        reads("a = 1.5\nb = 1e3\nc = -2.5E-1\nd = true\ne = false", "{\"a\":1.5,\"b\":1000,\"c\":-0.25,\"d\":true,\"e\":false}");
}

static void arrays_and_inline_tables(void **state)
{
        (void)state;
        reads("a = [1, 'x', [true], # remark\n {b = 2, c.d = 3},\n]", "{\"a\":[1,\"x\",[true],{\"b\":2,\"c\":{\"d\":3}}]}");
        reads("a = []\nb = {}", "{\"a\":[],\"b\":{}}");
}

static void tables_and_arrays_of_them(void **state)
{
        (void)state;
        reads("x = 1\n[a.b]\ny = 2\n[a]\nz = 3\n[ a . 'c' ] # remark\n", "{\"x\":1,\"a\":{\"b\":{\"y\":2},\"z\":3,\"c\":{}}}");
        reads("[[a]]\nb = 1\n[a.c]\nd = 2\n[[a]]\nb = 3", "{\"a\":[{\"b\":1,\"c\":{\"d\":2}},{\"b\":3}]}");
        reads("[a]\nb.c = 1\n[a.b.d]\ne = 2", "{\"a\":{\"b\":{\"c\":1,\"d\":{\"e\":2}}}}");
}

static void what_is_there_is_not_given_again(void **state)
{
        (void)state;
        fails("a = 1\na = 2", "line 2: found the key \"a\" a second time");
        fails("[a]\n[a]", "line 2: found the key \"a\" a second time");
        fails("[a]\n[[a]]", "line 2: found the key \"a\" a second time");
        fails("[[a]]\n[a]", "line 2: found the key \"a\" a second time");
        fails("a = []\n[[a]]", "line 2: found the key \"a\" a second time");
        fails("a = 1\n[a.b]", "line 2: found a key within \"a\"");
        fails("a = {b = 1}\n[a.c]", "line 2: found a key within \"a\"");
        fails("a = {b = 1}\na.c = 2", "line 2: found a key within \"a\"");
        fails("[a.b]\n[a]\nb.c = 1", "line 3: found a key within \"b\"");
        fails("a.b = 1\n[a]", "line 2: found the key \"a\" a second time");
        fails("a = {b = 1, b = 2}", "line 1: found the key \"b\" a second time");
}

static void what_is_not_understood_is_named_with_its_line(void **state)
{
        (void)state;
        fails("a = 1\n\nb", "line 3: found the end of the text, expected \"=\"");
        fails("a = 1\nb =\nc = 2", "line 2: found the end of the line, expected a text in quotes");
        fails("a = 1 b = 2", "line 1: found \"b = 2\", expected the end of the line");
        fails("= 1", "expected a key");
        fails("a = \"x\ny\"", "line 1: found the end of the line, expected \" at the end");
        fails("a = \"\"\"x\n", "line 2: found the end of the text, expected three \"");
        fails("a = \"\\q\"", "behind a backslash");
        fails("a = \"\\ud800\"", "U+D800");
        fails("a = \"\\u0000\"", "U+0000");
        fails("a = \"\\u12\"", "four hexadecimal digits");
        fails("a = 1979-05-27", "dates are not understood");
        fails("a = 07:32:00", "dates are not understood");
        fails("a = inf", "found \"inf\"");
        fails("a = 01", "found \"01\"");
        fails("a = 1__0", "found \"1__0\"");
        fails("a = 1.", "found \"1.\"");
        fails("a = 1e", "found \"1e\"");
        fails("a = 0x", "found \"0x\"");
        fails("a = 9223372036854775808", "64 bits");
        fails("a = yes", "found \"yes\"");
        fails("a = [1 2]", "expected \",\" or \"]\"");
        fails("a = [1", "found the end of the text");
        fails("a = {b = 1,}", "expected a key");
        fails("a = {b = 1\n}", "found the end of the line");
        fails("[a", "expected \"]\"");
        fails("[[a]", "expected \"]]\"");
        fails("[]", "expected a key");
        fails("a. = 1", "expected a key");
        fails("\"\"\"a\"\"\" = 1", "three quotes");
        fails("a = 1 # \x01", "expected the end of the line");
        fails("\x01", "control characters");
        fails("a = \"\xff\"", "no UTF-8");
        fails_n("a = 'x\0y'", 9, "expected ' at the end");
        fails_n("a\0 = 1", 6, "expected \"=\"");
}

static void depth_and_size_have_bounds(void **state)
{
        char text[8 * TOML_NESTING_MAX] = "a = ";
        _cleanup_free_ char *large = NULL;

        (void)state;
        for (int i = 0; i < TOML_NESTING_MAX + 1; i++)
                strcat(text, "[");
        fails(text, "levels");
        strcpy(text, "a");
        for (int i = 0; i < TOML_NESTING_MAX; i++)
                strcat(text, ".a");
        fails(text, "names");
        strcpy(text, "a = ");
        for (int i = 0; i < TOML_NESTING_MAX; i++)
                strcat(text, "{a=");
        fails(text, "levels");
        large = calloc(1, TOML_TEXT_MAX + 1);
        assert_non_null(large);
        fails_n(large, TOML_TEXT_MAX + 1, "bytes, expected at most");
        strcpy(large, "a = [");
        for (int i = 0; i < TOML_VALUES_MAX + 1; i++)
                memcpy(large + 5 + 2 * i, "1,", 3);
        fails(large, "values");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(nothing_is_an_empty_table),        cmocka_unit_test(keys_are_plain_quoted_or_dotted),
                cmocka_unit_test(strings_are_of_four_kinds),        cmocka_unit_test(numbers_and_booleans),
                cmocka_unit_test(arrays_and_inline_tables),         cmocka_unit_test(tables_and_arrays_of_them),
                cmocka_unit_test(what_is_there_is_not_given_again), cmocka_unit_test(what_is_not_understood_is_named_with_its_line),
                cmocka_unit_test(depth_and_size_have_bounds),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
