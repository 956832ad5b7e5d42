/* SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

#include <errno.h>

static int read_since(uint64_t since, struct collected *c)
{
        _cleanup_error_ struct error e = ERROR_INIT;

        return audit_read(stream, since, collect, c, &e);
}

static void all_lines_are_read_in_order(void **state)
{
        _cleanup_collected_ struct collected c = { 0 };
        _cleanup_buffer_ struct buffer text = BUFFER_INIT;

        (void)state;
        write_stream(50);
        load_file(&text);
        assert_int_equal(read_since(0, &c), 0);
        assert_int_equal(c.count, 50);
        assert_string_equal(c.text.data, text.data);
}

static int note_first(void *context, uint64_t seq, const char *line, size_t length)
{
        (void)line;
        (void)length;
        *(uint64_t *)context = seq;
        return 1;
}

static void reading_begins_right_after_any_number(void **state)
{
        enum { LINES = 20000 };
        struct audit *a = open_stream();

        (void)state;
        audit_begin(a);
        for (int i = 0; i < LINES; i++) {
                char path[1200];

                memset(path, 'p', sizeof(path));
                path[(i * 7919) % 1199] = '\0';
                assert_int_equal(audit_append(a, event_begin(path), 0), 0);
        }
        assert_int_equal(audit_end(a), 0);
        for (uint64_t since = 0; since < LINES; since += since % 1000 < 3 ? 1 : 37) {
                uint64_t first = 0;

                assert_int_equal(audit_read(stream, since, note_first, &first, NULL), 1);
                assert_int_equal(first, since + 1);
        }
        audit_close(a);
}

static void after_the_last_number_and_beyond_there_is_nothing(void **state)
{
        static const uint64_t numbers[] = { 500, 501, 1000000, UINT64_MAX };

        (void)state;
        write_stream(500);
        for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
                _cleanup_collected_ struct collected c = { 0 };

                assert_int_equal(read_since(numbers[i], &c), 0);
                assert_int_equal(c.count, 0);
        }
}

static int stop_at_three(void *context, uint64_t seq, const char *line, size_t length)
{
        (void)line;
        (void)length;
        ++*(int *)context;
        return seq == 3 ? -ECANCELED : 0;
}

static void the_callback_stops_the_reading(void **state)
{
        int calls = 0;

        (void)state;
        write_stream(10);
        assert_int_equal(audit_read(stream, 0, stop_at_three, &calls, NULL), -ECANCELED);
        assert_int_equal(calls, 3);
}

static void a_line_that_is_being_written_is_not_shown(void **state)
{
        _cleanup_collected_ struct collected c = { 0 };

        (void)state;
        write_stream(3);
        assert_int_equal(truncate(stream, 500), 0);
        assert_int_equal(read_since(0, &c), 0);
        assert_int_equal(c.count, 1);
}

static void a_missing_file_is_an_error_and_an_empty_one_is_none(void **state)
{
        _cleanup_error_ struct error e = ERROR_INIT;
        _cleanup_collected_ struct collected c = { 0 };

        (void)state;
        assert_int_equal(audit_read(stream, 0, collect, &c, &e), -ENOENT);
        assert_non_null(strstr(error_text(&e), stream));
        store_file("", 0);
        assert_int_equal(read_since(0, &c), 0);
        assert_int_equal(read_since(7, &c), 0);
        assert_int_equal(c.count, 0);
}

static void a_damaged_line_is_an_error(void **state)
{
        _cleanup_buffer_ struct buffer text = BUFFER_INIT;
        _cleanup_collected_ struct collected c = { 0 };

        (void)state;
        write_stream(3);
        load_file(&text);
        strchr(text.data, '\n')[3] = 'x';
        store_file(text.data, text.length);
        assert_int_equal(read_since(0, &c), -EBADMSG);
        assert_int_equal(c.count, 1);
}

struct tail {
        struct collected c;
        struct audit *audit;
};

static void read_on(void *context, uint64_t seq, const char *line, size_t length)
{
        struct tail *tail = context;

        (void)line;
        (void)length;
        assert_int_equal(audit_read(stream, seq - 1, collect, &tail->c, NULL), 0);
}

static void a_follower_finds_its_line_in_the_file(void **state)
{
        struct tail tail = { .audit = open_stream() };

        (void)state;
        assert_int_equal(audit_follow(tail.audit, read_on, &tail), 0);
        append(tail.audit, 5);
        audit_close(tail.audit);
        assert_int_equal(tail.c.count, 5);
        collected_clear(&tail.c);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(all_lines_are_read_in_order),
                TEST(reading_begins_right_after_any_number),
                TEST(after_the_last_number_and_beyond_there_is_nothing),
                TEST(the_callback_stops_the_reading),
                TEST(a_line_that_is_being_written_is_not_shown),
                TEST(a_missing_file_is_an_error_and_an_empty_one_is_none),
                TEST(a_damaged_line_is_an_error),
                TEST(a_follower_finds_its_line_in_the_file),
        };

        return cmocka_run_group_tests_name("audit reader", tests, NULL, NULL);
}
