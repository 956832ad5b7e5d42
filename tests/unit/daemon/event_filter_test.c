/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/event_filter.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static const char *const lines[] = {
        "{\"seq\":1,\"time\":\"2026-01-01T00:00:00.000000000Z\",\"session\":null,\"user\":null,\"kind\":\"admin\",\"verdict\":\"allow\"}",
        "{\"seq\":2,\"time\":\"2026-01-01T00:00:01.000000000Z\",\"session\":\"aaaaaaaa\",\"user\":\"dev\",\"kind\":\"file\","
        "\"verdict\":\"deny\",\"capability\":\"none\"}",
        "{\"seq\":3,\"time\":\"2026-01-01T00:00:02.000000000Z\",\"session\":\"bbbbbbbb\",\"user\":\"eve\",\"kind\":\"file\","
        "\"verdict\":\"deny\",\"capability\":\"base\"}",
        "{\"seq\":4,\"time\":\"2026-01-01T00:00:03.000000000Z\",\"session\":\"bbbbbbbb\",\"user\":\"eve\",\"kind\":\"connect\","
        "\"verdict\":\"allow\",\"capability\":\"llm\"}",
        "{\"seq\":5,\"time\":\"2026-01-01T00:00:04.000000000Z\",\"session\":\"bbbbbbbb\",\"user\":\"eve\",\"kind\":\"lost\",\"count\":7}",
};

/* The numbers of the lines that pass. */
static const char *passing(const struct event_filter *f)
{
        static char numbers[8];
        size_t n = 0;

        for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
                if (event_filter_passes(f, lines[i], strlen(lines[i])))
                        numbers[n++] = (char)('1' + i);
        numbers[n] = '\0';
        return numbers;
}

#define PASSING(...) passing(&(struct event_filter){ __VA_ARGS__ })

static void each_member_narrows_what_passes(void **state)
{
        (void)state;
        assert_string_equal(PASSING(.kinds = NULL), "12345");
        assert_string_equal(PASSING(.session = "bbbbbbbb"), "345");
        assert_string_equal(PASSING(.kinds = (char[]){ "file" }), "23");
        assert_string_equal(PASSING(.verdict = (char[]){ "deny" }), "23");
        assert_string_equal(PASSING(.capability = (char[]){ "llm" }), "4");
        assert_string_equal(PASSING(.from = "2026-01-01T00:00:02.000000000Z"), "345");
        assert_string_equal(PASSING(.session = "bbbbbbbb", .verdict = (char[]){ "deny" }), "3");
}

static void several_kinds_go_with_commas_and_are_whole_words(void **state)
{
        (void)state;
        assert_string_equal(PASSING(.kinds = (char[]){ "connect,file" }), "234");
        assert_string_equal(PASSING(.kinds = (char[]){ "lost,admin" }), "15");
        assert_string_equal(PASSING(.kinds = (char[]){ "files" }), "");
        assert_string_equal(PASSING(.kinds = (char[]){ "fil" }), "");
        assert_string_equal(PASSING(.kinds = (char[]){ "," }), "");
}

static void a_user_sees_nothing_of_others_nor_of_no_session(void **state)
{
        (void)state;
        assert_string_equal(PASSING(.user = (char[]){ "dev" }), "2");
        assert_string_equal(PASSING(.user = (char[]){ "eve" }), "345");
        assert_string_equal(PASSING(.user = (char[]){ "eve" }, .session = "aaaaaaaa"), "");
}

static void what_is_no_event_passes_no_filter(void **state)
{
        const struct event_filter f = { .kinds = (char[]){ "file" } };

        (void)state;
        assert_false(event_filter_passes(&f, "{\"kind\":\"file\"}", 15));
        assert_false(event_filter_passes(&f, "[", 1));
}

static void a_copy_stands_by_itself(void **state)
{
        char kinds[] = "file", user[] = "";
        const struct event_filter f = { .session = "aaaaaaaa", .kinds = kinds, .user = user };
        struct event_filter copy;

        (void)state;
        assert_int_equal(event_filter_copy(&f, &copy), 0);
        kinds[0] = 'x';
        assert_string_equal(copy.kinds, "file");
        assert_string_equal(copy.session, "aaaaaaaa");
        assert_null(copy.user);
        event_filter_clear(&copy);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(each_member_narrows_what_passes),
                cmocka_unit_test(several_kinds_go_with_commas_and_are_whole_words),
                cmocka_unit_test(a_user_sees_nothing_of_others_nor_of_no_session),
                cmocka_unit_test(what_is_no_event_passes_no_filter),
                cmocka_unit_test(a_copy_stands_by_itself),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
