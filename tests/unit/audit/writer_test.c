/* SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

#include <errno.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <sys/resource.h>
#include <time.h>

static void sha256(const char *text, size_t length, char hex[65])
{
        unsigned char digest[32];

        assert_int_equal(gnutls_hash_fast(GNUTLS_DIG_SHA256, text, length, digest), 0);
        for (int i = 0; i < 32; i++)
                snprintf(hex + (ptrdiff_t)2 * i, 3, "%02x", digest[i]);
}

/* Checks the chain as someone would who has only its description. */
static void assert_chain(int lines)
{
        _cleanup_buffer_ struct buffer text = BUFFER_INIT;
        char prev[65], *rest, *line;
        int n = 0;

        load_file(&text);
        memset(prev, '0', 64);
        prev[64] = '\0';
        for (rest = text.data; (line = strsep(&rest, "\n")) && *line; n++) {
                _cleanup_json_ cJSON *event = cJSON_Parse(line);
                char *cut = strstr(line, ",\"hash\":\""), hex[65];
                uint64_t seq;

                assert_int_equal(json_get_u64(event, "seq", &seq), 0);
                assert_int_equal(seq, n + 1);
                assert_string_equal(json_get_string(event, "prev"), prev);
                assert_non_null(cut);
                memcpy(cut, "}", 2);
                sha256(line, strlen(line), hex);
                assert_string_equal(json_get_string(event, "hash"), hex);
                memcpy(prev, hex, 65);
        }
        assert_int_equal(n, lines);
}

static void lines_are_numbered_and_chained(void **state)
{
        (void)state;
        write_stream(20);
        assert_chain(20);
        write_stream(1);
        assert_chain(21);
        assert_int_equal(verified(), 21);
}

static void a_line_has_its_members_in_order(void **state)
{
        static const char head[] =
                "{\"seq\":1,\"time\":\"2026-01-02T03:03:04.123456789Z\",\"session\":\"s1\",\"kind\":\"file\",\"verdict\":\"deny\","
                "\"path\":\"/a\",\"prev\":\"0000000000000000000000000000000000000000000000000000000000000000\",\"hash\":\"";
        _cleanup_buffer_ struct buffer text = BUFFER_INIT;
        struct audit *a = open_stream();

        (void)state;
        assert_int_equal(audit_append(a, event_begin("/a"), 1767322984123456789), 0);
        audit_close(a);
        load_file(&text);
        assert_true(text.length == sizeof(head) - 1 + 64 + 3);
        assert_memory_equal(text.data, head, sizeof(head) - 1);
        assert_string_equal(text.data + text.length - 3, "\"}\n");
}

static void an_event_cannot_bring_the_streams_own_members(void **state)
{
        _cleanup_buffer_ struct buffer text = BUFFER_INIT;
        struct audit *a = open_stream();
        cJSON *event = cJSON_Parse("{\"hash\":\"x\",\"seq\":99,\"seq\":98,\"time\":0,\"prev\":{}}");

        (void)state;
        assert_int_equal(audit_append(a, event, 0), 0);
        audit_close(a);
        load_file(&text);
        assert_null(strstr(text.data, "\"seq\":9"));
        assert_chain(1);
}

static void bytes_that_are_no_text_make_a_valid_line(void **state)
{
        _cleanup_buffer_ struct buffer text = BUFFER_INIT;
        _cleanup_json_ cJSON *again = NULL;
        struct audit *a = open_stream();
        cJSON *event = event_begin("/tmp/new\nline\xff\"");

        (void)state;
        cJSON_AddStringToObject(event, "comm", "raw\xfe");
        assert_int_equal(audit_append(a, event, 0), 0);
        audit_close(a);
        load_file(&text);
        assert_ptr_equal(strchr(text.data, '\n'), text.data + text.length - 1);
        again = cJSON_Parse(text.data);
        assert_string_equal(json_get_string(again, "path"), "/tmp/new\nline\\xff\"");
        assert_string_equal(json_get_string(again, "comm"), "raw\\xfe");
        assert_chain(1);
}

static void what_is_no_object_or_too_large_is_refused_and_counted(void **state)
{
        struct audit *a = open_stream();
        size_t n = 5u << 20;
        char *text = malloc(n + 1);
        cJSON *event = cJSON_CreateObject();
        struct lost lost;

        (void)state;
        memset(text, 'a', n);
        text[n] = '\0';
        cJSON_AddStringToObject(event, "path", text);
        free(text);
        assert_int_equal(audit_append(a, event, 0), -E2BIG);
        assert_int_equal(audit_append(a, cJSON_CreateArray(), 0), -EINVAL);
        assert_int_equal(audit_append(a, NULL, 0), -EINVAL);
        append(a, 1);
        audit_close(a);
        lost = find_lost();
        assert_int_equal(lost.count, 3);
        assert_int_equal(verified(), 1 + lost.events);
}

static void the_file_is_for_its_owner_alone(void **state)
{
        struct stat st;

        (void)state;
        write_stream(1);
        assert_int_equal(stat(stream, &st), 0);
        assert_int_equal(st.st_mode & 07777, 0600);
}

static void a_second_writer_is_refused(void **state)
{
        _cleanup_error_ struct error e = ERROR_INIT;
        struct audit *first = open_stream(), *second = NULL;

        (void)state;
        assert_int_equal(audit_open(stream, NULL, &second, &e), -EBUSY);
        assert_null(second);
        assert_non_null(strstr(error_text(&e), stream));
        audit_close(first);
        audit_close(open_stream());
}

static void what_is_no_regular_file_is_refused(void **state)
{
        _cleanup_error_ struct error e = ERROR_INIT;
        struct audit *a = NULL;

        (void)state;
        assert_int_equal(audit_open("/dev/null", NULL, &a, &e), -EINVAL);
        assert_int_equal(audit_open(folder, NULL, &a, &e), -EISDIR);
        assert_int_equal(audit_open("/nonexistent/audit.ndjson", NULL, &a, &e), -ENOENT);
        assert_int_equal(mkfifo(stream, 0600), 0);
        assert_int_equal(audit_open(stream, NULL, &a, &e), -EINVAL);
        unlink(stream);
        assert_int_equal(symlink("/tmp/elsewhere", stream), 0);
        assert_int_equal(audit_open(stream, NULL, &a, &e), -ELOOP);
        assert_null(a);
}

static long write_calls(void)
{
        _cleanup_fclose_ FILE *file = fopen("/proc/self/io", "re");
        char line[128];
        long n = -1;

        while (file && fgets(line, sizeof(line), file))
                sscanf(line, "syscw: %ld", &n);
        return n;
}

static void a_batch_is_written_with_one_call(void **state)
{
        struct audit *a = open_stream();
        long before = write_calls();

        (void)state;
        if (before < 0)
                skip();
        audit_begin(a);
        append(a, 100);
        audit_begin(a);
        append(a, 100);
        assert_int_equal(audit_end(a), 0);
        assert_int_equal(audit_seq(a), 0);
        assert_int_equal(audit_end(a), 0);
        assert_int_equal(write_calls() - before, 1);
        assert_int_equal(audit_seq(a), 200);
        audit_close(a);
        assert_int_equal(verified(), 200);
}

static void a_batch_without_end_is_written_by_the_megabyte(void **state)
{
        struct audit *a = open_stream();

        (void)state;
        audit_begin(a);
        append(a, 10000);
        assert_true(audit_seq(a) > 5000);
        assert_int_equal(audit_end(a), 0);
        audit_close(a);
        assert_int_equal(verified(), 10000);
}

struct watch {
        struct audit *audit;
        uint64_t last;
        int own; /* events to append while being shown one */
};

static void on_line(void *context, uint64_t seq, const char *line, size_t length)
{
        struct watch *w = context;
        char head[32];
        int n = snprintf(head, sizeof(head), "{\"seq\":%lu,", seq);

        assert_int_equal(seq, w->last + 1);
        assert_memory_equal(line, head, n);
        assert_int_equal(line[length - 1], '\n');
        assert_true(audit_seq(w->audit) >= seq);
        w->last = seq;
        if (w->own-- > 0)
                assert_int_equal(audit_append(w->audit, event_begin("/from/follower"), 0), 0);
}

static void followers_are_shown_each_line_in_order_after_it_is_written(void **state)
{
        struct audit *a = open_stream();
        struct watch one = { .audit = a }, two = { .audit = a };

        (void)state;
        assert_int_equal(audit_follow(a, on_line, &one), 0);
        assert_int_equal(audit_follow(a, on_line, &two), 0);
        append(a, 3);
        assert_int_equal(one.last, 3);
        audit_begin(a);
        append(a, 3);
        assert_int_equal(one.last, 3);
        audit_end(a);
        assert_int_equal(one.last, 6);
        assert_int_equal(two.last, 6);
        audit_close(a);
}

static void a_follower_may_append(void **state)
{
        struct audit *a = open_stream();
        struct watch w = { .audit = a, .own = 5 };

        (void)state;
        assert_int_equal(audit_follow(a, on_line, &w), 0);
        audit_begin(a);
        append(a, 2);
        assert_int_equal(audit_end(a), 0);
        assert_int_equal(w.last, 7);
        audit_close(a);
        assert_chain(7);
}

static void opening_goes_on_with_numbers_and_chain(void **state)
{
        (void)state;
        for (int i = 0; i < 10; i++) {
                struct audit *a = open_stream();

                assert_int_equal(audit_seq(a), 3 * i);
                append(a, 3);
                audit_close(a);
        }
        assert_chain(30);
}

#ifdef __SANITIZE_ADDRESS__
#define RATE_LEAST 5000 /* the sanitizers' cost is not ours */
#else
#define RATE_LEAST 50000
#endif

static void fifty_thousand_events_a_second_are_written(void **state)
{
        enum { BATCHES = 1000, BATCH = 100 };
        struct audit *a = open_stream();
        struct timespec before, after;
        double seconds;

        (void)state;
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
        for (int i = 0; i < BATCHES; i++) {
                audit_begin(a);
                append(a, BATCH);
                assert_int_equal(audit_end(a), 0);
        }
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
        audit_close(a);
        seconds = (double)(after.tv_sec - before.tv_sec) + (double)(after.tv_nsec - before.tv_nsec) / 1e9;
        print_message("%.0f events in a second of processor time, in batches of %d\n", BATCHES * BATCH / seconds, BATCH);
        assert_true(BATCHES * BATCH / seconds > RATE_LEAST);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(lines_are_numbered_and_chained),
                TEST(a_line_has_its_members_in_order),
                TEST(an_event_cannot_bring_the_streams_own_members),
                TEST(bytes_that_are_no_text_make_a_valid_line),
                TEST(what_is_no_object_or_too_large_is_refused_and_counted),
                TEST(the_file_is_for_its_owner_alone),
                TEST(a_second_writer_is_refused),
                TEST(what_is_no_regular_file_is_refused),
                TEST(a_batch_is_written_with_one_call),
                TEST(a_batch_without_end_is_written_by_the_megabyte),
                TEST(followers_are_shown_each_line_in_order_after_it_is_written),
                TEST(a_follower_may_append),
                TEST(opening_goes_on_with_numbers_and_chain),
                TEST(fifty_thousand_events_a_second_are_written),
        };

        return cmocka_run_group_tests_name("audit writer", tests, NULL, NULL);
}
