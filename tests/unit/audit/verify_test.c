/* SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

#include <errno.h>

/* Asserts that the file, changed to this text, does not verify, that lines before are counted, and that the message says so. */
static void assert_bad(const char *text, size_t length, uint64_t good, const char *said)
{
        _cleanup_error_ struct error e = ERROR_INIT;
        struct audit_report report;

        store_file(text, length);
        assert_int_equal(audit_verify(stream, NULL, &report, &e), -EBADMSG);
        assert_int_equal(report.lines, good);
        assert_string_equal(report.file, "audit.ndjson");
        if (!strstr(error_text(&e), said))
                fail_msg("expected \"%s\" in \"%s\"", said, error_text(&e));
        assert_non_null(strstr(error_text(&e), stream));
}

static void a_stream_as_it_was_written_verifies(void **state)
{
        (void)state;
        write_stream(1000);
        assert_int_equal(verified(), 1000);
        assert_int_equal(audit_verify(stream, NULL, NULL, NULL), 0);
}

static void an_empty_stream_verifies(void **state)
{
        (void)state;
        store_file("", 0);
        assert_int_equal(verified(), 0);
}

static void a_missing_stream_is_an_error(void **state)
{
        _cleanup_error_ struct error e = ERROR_INIT;
        struct audit_report report;

        (void)state;
        assert_int_equal(audit_verify(stream, NULL, &report, &e), -ENOENT);
        assert_int_equal(report.lines, 0);
}

static void a_change_of_any_byte_is_found(void **state)
{
        _cleanup_buffer_ struct buffer text = BUFFER_INIT;

        (void)state;
        write_stream(3);
        load_file(&text);
        for (size_t i = 0; i < text.length; i++) {
                for (int bit = 0; bit < 8; bit++) {
                        char *byte = &text.data[i];

                        *byte ^= (char)(1 << bit);
                        store_file(text.data, text.length);
                        if (audit_verify(stream, NULL, NULL, NULL) != -EBADMSG)
                                fail_msg("byte %zu bit %d", i, bit);
                        *byte ^= (char)(1 << bit);
                }
        }
}

/* Four lines: where each begins, and the end. */
static void cut_lines(struct buffer *text, const char *at[5])
{
        write_stream(4);
        load_file(text);
        at[0] = text->data;
        for (int i = 1; i < 5; i++)
                at[i] = strchr(at[i - 1], '\n') + 1;
}

static void put_line(struct buffer *out, const char *const at[5], int line)
{
        buffer_append(out, at[line], (size_t)(at[line + 1] - at[line]));
}

static void lines_missing_repeated_or_out_of_order_are_named(void **state)
{
        static const struct {
                int lines[5], n;
                uint64_t good;
                const char *said;
        } cases[] = {
                { { 1, 2, 3 }, 3, 0, "line 1 (seq 2): expected seq 1: events are missing before it" },
                { { 0, 2, 3 }, 3, 1, "line 2 (seq 3): expected seq 2: events are missing before it" },
                { { 0, 1, 1, 2 }, 4, 2, "line 3 (seq 2): expected seq 3: it is repeated or out of order" },
                { { 0, 2, 1, 3 }, 4, 1, "line 2 (seq 3)" },
        };
        _cleanup_buffer_ struct buffer text = BUFFER_INIT, changed = BUFFER_INIT;
        const char *at[5];

        (void)state;
        cut_lines(&text, at);
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                buffer_truncate(&changed, 0);
                for (int j = 0; j < cases[i].n; j++)
                        put_line(&changed, at, cases[i].lines[j]);
                assert_bad(changed.data, changed.length, cases[i].good, cases[i].said);
        }
}

static void a_line_from_another_stream_does_not_fit(void **state)
{
        _cleanup_buffer_ struct buffer one = BUFFER_INIT, two = BUFFER_INIT, mixed = BUFFER_INIT;
        const char *a[5], *b[5];

        (void)state;
        cut_lines(&one, a);
        unlink(stream);
        cut_lines(&two, b);
        put_line(&mixed, a, 0);
        put_line(&mixed, b, 1);
        assert_bad(mixed.data, mixed.length, 1, "line 2 (seq 2): it does not continue the line before");
}

static void a_changed_line_is_named(void **state)
{
        _cleanup_buffer_ struct buffer text = BUFFER_INIT;
        const char *at[5];

        (void)state;
        cut_lines(&text, at);
        *strstr(strchr(text.data, '\n'), "deny") = 'D';
        assert_bad(text.data, text.length, 1, "line 2 (seq 2): its text was changed");
}

static void a_line_cut_short_is_bad_unless_someone_is_writing_it(void **state)
{
        _cleanup_buffer_ struct buffer text = BUFFER_INIT;
        const char *at[5];
        struct audit *a;

        (void)state;
        cut_lines(&text, at);
        assert_bad(text.data, text.length - 20, 3, "line 4 (seq 4): it is cut short");
        store_file(text.data, (size_t)(at[2] - at[0]));
        a = open_stream();
        {
                _cleanup_close_ int fd = open(stream, O_WRONLY | O_APPEND | O_CLOEXEC);

                assert_int_equal(write(fd, at[2], 20), 20);
        }
        assert_int_equal(verified(), 2);
        audit_close(a);
}

static void what_is_no_stream_is_named_so(void **state)
{
        (void)state;
        assert_bad("hello\n", 6, 0, "line 1 (seq 0): it is no line of an audit stream");
        assert_bad("\n", 1, 0, "line 1");
        assert_bad("{}\n", 3, 0, "line 1");
        assert_bad("{\"seq\":1,\"time\":\"x\"}\n", 21, 0, "line 1");
        assert_bad("\0\0\0\0", 4, 0, "line 1");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(a_stream_as_it_was_written_verifies),
                TEST(an_empty_stream_verifies),
                TEST(a_missing_stream_is_an_error),
                TEST(a_change_of_any_byte_is_found),
                TEST(lines_missing_repeated_or_out_of_order_are_named),
                TEST(a_line_from_another_stream_does_not_fit),
                TEST(a_changed_line_is_named),
                TEST(a_line_cut_short_is_bad_unless_someone_is_writing_it),
                TEST(what_is_no_stream_is_named_so),
        };

        return cmocka_run_group_tests_name("audit verify", tests, NULL, NULL);
}
