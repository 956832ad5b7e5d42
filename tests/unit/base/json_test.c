/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/utf8.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

/* The rule of json_bytes() backwards, as its documentation has it. Returns the length. */
static size_t undo(const char *text, char *out)
{
        size_t n = 0;

        while (*text) {
                unsigned int byte;

                if (text[0] == '\\' && text[1] == 'x' && isxdigit((unsigned char)text[2]) && isxdigit((unsigned char)text[3])) {
                        sscanf(text + 2, "%2x", &byte);
                        out[n++] = (char)byte;
                        text += 4;
                } else {
                        out[n++] = *text++;
                }
        }
        return n;
}

/* Encodes, checks that undoing gives the bytes again and that the result is valid UTF-8; the text is to be freed. */
static char *encode(const char *bytes, size_t n)
{
        _cleanup_json_ cJSON *string = json_bytes(bytes, n);
        _cleanup_free_ char *again = NULL;
        char *text;

        assert_non_null(string);
        text = strdup(string->valuestring);
        again = malloc(strlen(text) + 1);
        assert_int_equal(utf8_valid_prefix(text, strlen(text)), strlen(text));
        assert_int_equal(undo(text, again), n);
        assert_true(!n || memcmp(again, bytes, n) == 0);
        return text;
}

static void assert_encodes(const char *bytes, size_t n, const char *expected)
{
        _cleanup_free_ char *text = encode(bytes, n);

        assert_string_equal(text, expected);
}
#define ASSERT_ENCODES(bytes, expected) assert_encodes(bytes, sizeof(bytes) - 1, expected)

static void text_stays_as_it_is(void **state)
{
        (void)state;
        ASSERT_ENCODES("", "");
        ASSERT_ENCODES("/home/a b/é€😀", "/home/a b/é€😀");
        ASSERT_ENCODES("a\\b \\x \\xg1 \\x1 C:\\temp\\", "a\\b \\x \\xg1 \\x1 C:\\temp\\");
        ASSERT_ENCODES("line\nbreak\t\"\x7f", "line\nbreak\t\"\x7f");
}

static void bytes_that_are_no_utf8_are_escaped(void **state)
{
        (void)state;
        ASSERT_ENCODES("a\xff", "a\\xff");
        ASSERT_ENCODES("\xc3", "\\xc3");
        ASSERT_ENCODES("\xc3(", "\\xc3(");
        ASSERT_ENCODES("\xe2\x82", "\\xe2\\x82");
        ASSERT_ENCODES("\xc0\xaf", "\\xc0\\xaf");          /* overlong */
        ASSERT_ENCODES("\xed\xa0\x80", "\\xed\\xa0\\x80"); /* a surrogate */
        ASSERT_ENCODES("\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80");
        ASSERT_ENCODES("a\0b", "a\\x00b");
}

static void text_that_looks_escaped_is_told_from_what_is(void **state)
{
        (void)state;
        ASSERT_ENCODES("a\\xff", "a\\x5cxff");
        ASSERT_ENCODES("\\xFF", "\\x5cxFF");
        ASSERT_ENCODES("\\\\x00", "\\\\x5cx00");
        ASSERT_ENCODES("\\\xff", "\\\\xff");
        ASSERT_ENCODES("\\x4\xff", "\\x4\\xff");
}

static void all_short_byte_strings_come_back(void **state)
{
        static const char alphabet[] = { '\\', 'x', 'f', '5', 'c', '\xc3', '\xa9', '\xff', '\0', 'g' };
        enum { N = sizeof(alphabet), LENGTH = 6 };
        char bytes[LENGTH];

        (void)state;
        for (long i = 0; i < 1000000; i++) {
                long rest = i;

                for (int j = 0; j < LENGTH; j++, rest /= N)
                        bytes[j] = alphabet[rest % N];
                free(encode(bytes, LENGTH));
        }
}

static void different_bytes_never_encode_alike(void **state)
{
        _cleanup_free_ char *a = encode("\xff", 1), *b = encode("\\xff", 4), *c = encode("\\x5cxff", 7);

        (void)state;
        assert_string_not_equal(a, b);
        assert_string_not_equal(b, c);
        assert_string_not_equal(a, c);
}

static void numbers_keep_all_their_digits(void **state)
{
        _cleanup_json_ cJSON *object = cJSON_CreateObject();
        _cleanup_buffer_ struct buffer text = BUFFER_INIT;

        (void)state;
        assert_int_equal(json_add_u64(object, "a", UINT64_MAX), 0);
        assert_int_equal(json_print(&text, object, 100), 0);
        assert_string_equal(text.data, "{\"a\":18446744073709551615}");
}

static void members_are_got_by_exact_name_and_type(void **state)
{
        _cleanup_json_ cJSON *o =
                cJSON_Parse("{\"S\":\"a\",\"n\":5,\"f\":1.5,\"m\":-1,\"big\":1e300,\"top\":9007199254740992,\"t\":true,\"o\":{},\"l\":[]}");
        uint64_t n = 7;
        bool b = false;

        (void)state;
        assert_null(json_get_string(o, "s"));
        assert_null(json_get_string(o, "n"));
        assert_string_equal(json_get_string(o, "S"), "a");
        assert_int_equal(json_get_u64(o, "none", &n), -ENOENT);
        assert_int_equal(json_get_u64(o, "f", &n), -EINVAL);
        assert_int_equal(json_get_u64(o, "m", &n), -EINVAL);
        assert_int_equal(json_get_u64(o, "big", &n), -EINVAL);
        assert_int_equal(json_get_u64(o, "S", &n), -EINVAL);
        assert_int_equal(n, 7);
        assert_int_equal(json_get_u64(o, "n", &n), 0);
        assert_int_equal(n, 5);
        assert_int_equal(json_get_u64(o, "top", &n), 0);
        assert_true(n == 1ull << 53);
        assert_int_equal(json_get_bool(o, "n", &b), -EINVAL);
        assert_int_equal(json_get_bool(o, "t", &b), 0);
        assert_true(b);
        assert_non_null(json_get_object(o, "o"));
        assert_null(json_get_object(o, "l"));
        assert_non_null(json_get_array(o, "l"));
        assert_null(json_get_array(o, "o"));
}

static void what_is_printed_is_one_valid_line_whatever_is_in_it(void **state)
{
        _cleanup_json_ cJSON *object = cJSON_CreateObject(), *again = NULL;
        _cleanup_buffer_ struct buffer text = BUFFER_INIT;

        (void)state;
        cJSON_AddStringToObject(object, "a", "x\xff\xfey\n");
        cJSON_AddStringToObject(object, "k\xc3", "");
        cJSON_AddItemToObject(object, "raw", cJSON_CreateRaw("[1,\n\t2]"));
        assert_int_equal(json_print(&text, object, 1000), 0);
        assert_string_equal(text.data, "{\"a\":\"x\\\\xff\\\\xfey\\n\",\"k\\\\xc3\":\"\",\"raw\":[1,  2]}");
        again = cJSON_Parse(text.data);
        assert_string_equal(json_get_string(again, "a"), "x\\xff\\xfey\n");
}

static void what_is_too_large_to_print_leaves_the_buffer_as_it_was(void **state)
{
        _cleanup_json_ cJSON *object = cJSON_CreateObject();
        _cleanup_buffer_ struct buffer text = BUFFER_INIT;
        char many[5000];

        (void)state;
        memset(many, 'a', sizeof(many) - 1);
        many[sizeof(many) - 1] = '\0';
        cJSON_AddStringToObject(object, "a", many);
        assert_int_equal(buffer_append(&text, "before", 6), 0);
        assert_int_equal(json_print(&text, object, 4000), -E2BIG);
        assert_int_equal(json_print(&text, object, 5006), -E2BIG);
        assert_string_equal(text.data, "before");
        assert_int_equal(json_print(&text, object, 5007), 0);
        assert_int_equal(text.length, 6 + 5007);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(text_stays_as_it_is),
                cmocka_unit_test(bytes_that_are_no_utf8_are_escaped),
                cmocka_unit_test(text_that_looks_escaped_is_told_from_what_is),
                cmocka_unit_test(all_short_byte_strings_come_back),
                cmocka_unit_test(different_bytes_never_encode_alike),
                cmocka_unit_test(numbers_keep_all_their_digits),
                cmocka_unit_test(members_are_got_by_exact_name_and_type),
                cmocka_unit_test(what_is_printed_is_one_valid_line_whatever_is_in_it),
                cmocka_unit_test(what_is_too_large_to_print_leaves_the_buffer_as_it_was),
        };

        return cmocka_run_group_tests_name("base json", tests, NULL, NULL);
}
