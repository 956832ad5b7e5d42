/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "base/time.h"

#include <errno.h>
#include <string.h>

static const struct {
        uint64_t ns;
        const char *text;
} times[] = {
        { 0, "1970-01-01T00:00:00.000000000Z" },
        { 1, "1970-01-01T00:00:00.000000001Z" },
        { 951782400000000000, "2000-02-29T00:00:00.000000000Z" },
        { 1767322984123456789, "2026-01-02T03:03:04.123456789Z" },
        { 4294967296999999999, "2106-02-07T06:28:16.999999999Z" },
        { 18446744072709551615ull, "2554-07-21T23:34:32.709551615Z" },
};

static void times_are_written_with_nanoseconds_in_utc(void **state)
{
        char text[TIME_TEXT_SIZE];

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(times); i++)
                assert_string_equal(time_format(times[i].ns, text), times[i].text);
}

static void what_was_written_reads_back(void **state)
{
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(times); i++) {
                uint64_t ns;

                assert_int_equal(time_parse(times[i].text, &ns), 0);
                assert_true(ns == times[i].ns);
        }
}

static void other_forms_of_rfc_3339_are_read(void **state)
{
        static const char *const same[] = { "2026-01-02T03:03:04Z",      "2026-01-02t03:03:04z",      "2026-01-02T03:03:04.0Z",
                                            "2026-01-02T05:03:04+02:00", "2026-01-01T22:33:04-04:30", "2026-01-02T03:03:04.0000000009Z" };
        uint64_t ns;

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(same); i++) {
                assert_int_equal(time_parse(same[i], &ns), 0);
                assert_true(ns == 1767322984000000000);
        }
        assert_int_equal(time_parse("2016-12-31T23:59:60Z", &ns), 0);
        assert_true(ns == 1483228800000000000);
}

static void what_is_no_time_is_refused(void **state)
{
        static const char *const bad[] = { "",
                                           "now",
                                           "2026",
                                           "2026-01-02",
                                           "2026-01-02 03:03:04Z",
                                           "2026-01-02T03:03:04",
                                           "2026-01-02T03:03:04.Z",
                                           "2026-01-02T03:03:04Zx",
                                           "2026-13-02T03:03:04Z",
                                           "2026-02-29T03:03:04Z",
                                           "2026-01-02T24:00:00Z",
                                           "2026-01-02T03:60:04Z",
                                           "2026-01-02T03:03:61Z",
                                           "2026-01-02T03:03:04+2:00",
                                           "2026-01-02T03:03:04+0200",
                                           "1969-12-31T23:59:59Z",
                                           "1970-01-01T00:00:00+00:01",
                                           "2600-01-01T00:00:00Z",
                                           "-026-01-02T03:03:04Z" };
        uint64_t ns = 5;

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
                if (time_parse(bad[i], &ns) != -EINVAL)
                        fail_msg("taken: %s", bad[i]);
        assert_int_equal(ns, 5);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(times_are_written_with_nanoseconds_in_utc),
                cmocka_unit_test(what_was_written_reads_back),
                cmocka_unit_test(other_forms_of_rfc_3339_are_read),
                cmocka_unit_test(what_is_no_time_is_refused),
        };

        return cmocka_run_group_tests_name("base time", tests, NULL, NULL);
}
