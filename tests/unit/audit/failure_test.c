/* SPDX-License-Identifier: Apache-2.0 */
/* Crashes, and disks that are full. */
#include "fixture.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>

static void a_crash_at_any_byte_leaves_whole_lines_and_writing_goes_on(void **state)
{
        _cleanup_buffer_ struct buffer whole = BUFFER_INIT;

        (void)state;
        write_stream(4);
        load_file(&whole);
        for (size_t cut = 0; cut <= whole.length; cut++) {
                uint64_t kept = 0;
                struct audit *a;
                struct lost lost;
                bool torn = cut > 0 && whole.data[cut - 1] != '\n';

                for (size_t i = 0; i < cut; i++)
                        kept += whole.data[i] == '\n';
                store_file(whole.data, cut);
                a = open_stream();
                assert_int_equal(audit_seq(a), kept);
                append(a, 2);
                audit_close(a);
                assert_int_equal(verified(), kept + 2 + torn);
                lost = find_lost();
                assert_int_equal(lost.count, torn);
                if (torn)
                        assert_string_equal(lost.reason, "a crash cut the last line of the stream short");
        }
}

static void a_crash_is_reported_also_when_nothing_else_is_written(void **state)
{
        (void)state;
        write_stream(2);
        assert_int_equal(truncate(stream, 300), 0);
        audit_close(open_stream());
        assert_int_equal(find_lost().count, 1);
        assert_int_equal(verified(), 2);
}

static void zeros_that_a_power_failure_left_are_cut_off(void **state)
{
        static const size_t zeros_after[] = { 0, 1, 9, 40 };
        _cleanup_buffer_ struct buffer whole = BUFFER_INIT, torn = BUFFER_INIT;
        const char *third;

        (void)state;
        write_stream(3);
        load_file(&whole);
        third = memrchr(whole.data, '\n', whole.length - 1);
        third++;
        for (size_t i = 0; i < ARRAY_SIZE(zeros_after); i++) {
                buffer_truncate(&torn, 0);
                buffer_append(&torn, whole.data, (size_t)(third - whole.data) + zeros_after[i]);
                for (int j = 0; j < 4096; j++)
                        buffer_append(&torn, "", 1);
                buffer_append(&torn, "rest of a later line\"}\n", 23);
                store_file(torn.data, torn.length);
                write_stream(1);
                assert_int_equal(verified(), 4);
                assert_int_equal(find_lost().count, 1);
        }
}

static void assert_refused_and_untouched(const char *text, size_t length)
{
        _cleanup_error_ struct error e = ERROR_INIT;
        _cleanup_buffer_ struct buffer after = BUFFER_INIT;
        struct audit *a = NULL;

        store_file(text, length);
        assert_int_equal(audit_open(stream, NULL, &a, &e), -EBADMSG);
        assert_null(a);
        assert_non_null(strstr(error_text(&e), stream));
        load_file(&after);
        assert_int_equal(after.length, length);
        assert_memory_equal(after.data, text, length);
}

static void a_file_that_ends_with_something_else_is_refused_and_kept(void **state)
{
        static const char *const tails[] = { "x", "hello\n", "{\"seq\":4,\"time\":\"2026\"}\n", "{\"seq\":9", "\n", "{\"seq\":3," };
        _cleanup_buffer_ struct buffer text = BUFFER_INIT;
        size_t length;

        (void)state;
        write_stream(3);
        load_file(&text);
        length = text.length;
        for (size_t i = 0; i < ARRAY_SIZE(tails); i++) {
                buffer_truncate(&text, length);
                buffer_append(&text, tails[i], strlen(tails[i]));
                assert_refused_and_untouched(text.data, text.length);
                assert_refused_and_untouched(tails[i], strlen(tails[i]));
        }
        buffer_truncate(&text, length);
        text.data[length - 10] ^= 1; /* the last line's hash */
        assert_refused_and_untouched(text.data, length);
}

static void a_large_file_without_a_line_is_refused_without_reading_all_of_it(void **state)
{
        _cleanup_error_ struct error e = ERROR_INIT;
        struct audit *a = NULL;

        (void)state;
        store_file("", 0);
        assert_int_equal(truncate(stream, 1ll << 40), 0);
        assert_int_equal(audit_open(stream, NULL, &a, &e), -EBADMSG);
}

static void lines_longer_than_what_recovery_reads_at_first_are_found(void **state)
{
        size_t n = 300000;
        char *path = malloc(n + 1);
        struct audit *a = open_stream();

        (void)state;
        append(a, 2);
        memset(path, 'a', n);
        path[n] = '\0';
        assert_int_equal(audit_append(a, event_begin(path), 0), 0);
        assert_int_equal(audit_append(a, event_begin(path), 0), 0);
        audit_close(a);
        free(path);
        a = open_stream();
        assert_int_equal(audit_seq(a), 4);
        audit_close(a);
        assert_int_equal(truncate(stream, 900 + 2 * (off_t)n), 0);
        a = open_stream();
        assert_int_equal(audit_seq(a), 3);
        append(a, 1);
        audit_close(a);
        assert_int_equal(verified(), 5);
}

/* Appends more than the file may hold, one by one or as a batch, then lets it grow again. */
static void fill(struct audit *a, bool batch, int *lost)
{
        *lost = 0;
        if (batch)
                audit_begin(a);
        for (int i = 0; i < 60; i++) {
                int r = audit_append(a, event_begin("/srv/some/file"), 0);

                *lost += r < 0;
        }
        if (batch)
                assert_true(audit_end(a) < 0);
}

static void limit_files(rlim_t size)
{
        struct rlimit limit = { size, RLIM_INFINITY };

        assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void what_does_not_fit_is_counted_and_reported_once_it_does(void **state)
{
        (void)state;
        signal(SIGXFSZ, SIG_IGN);
        for (rlim_t size = 5000; size < 5400; size++) {
                struct audit *a = open_stream();
                bool batch = size % 2;
                int failed, events = 60;
                uint64_t written;
                struct lost lost;

                limit_files(size);
                fill(a, batch, &failed);
                written = audit_seq(a);
                assert_int_equal(verified(), written);
                if (!batch) {
                        assert_int_equal(failed, 60 - written);
                        assert_int_equal(audit_append(a, event_begin("/srv/other"), 0), -EFBIG);
                        assert_int_equal(audit_append(a, event_begin("/srv/other"), 0), -EFBIG);
                        events += 2;
                }
                assert_int_equal(audit_seq(a), written);
                limit_files(RLIM_INFINITY);
                append(a, 1);
                audit_close(a);
                lost = find_lost();
                assert_int_equal(lost.events, 1);
                assert_int_equal(lost.count, events - written);
                assert_string_equal(lost.reason, "the stream could not be written: File too large");
                assert_int_equal(verified(), written + 2);
                unlink(stream);
        }
        signal(SIGXFSZ, SIG_DFL);
}

static void losses_are_reported_by_an_empty_batch_and_at_the_end(void **state)
{
        struct audit *a = open_stream();
        int failed;

        (void)state;
        signal(SIGXFSZ, SIG_IGN);
        limit_files(5000);
        fill(a, false, &failed);
        audit_begin(a);
        assert_int_equal(audit_end(a), -EFBIG);
        limit_files(RLIM_INFINITY);
        audit_begin(a);
        assert_int_equal(audit_end(a), 0);
        assert_int_equal(find_lost().count, failed);
        limit_files(5000);
        assert_int_equal(audit_append(a, event_begin("/a"), 0), -EFBIG);
        limit_files(RLIM_INFINITY);
        audit_close(a);
        assert_int_equal(find_lost().events, 2);
        assert_int_equal(find_lost().count, failed + 1);
        verified();
        signal(SIGXFSZ, SIG_DFL);
}

static void a_report_that_cannot_be_written_is_not_forgotten(void **state)
{
        struct audit *a = NULL;
        struct stat st;

        (void)state;
        signal(SIGXFSZ, SIG_IGN);
        write_stream(3);
        assert_int_equal(stat(stream, &st), 0);
        assert_int_equal(truncate(stream, st.st_size - 5), 0);
        a = open_stream();
        limit_files((rlim_t)st.st_size - 5);
        for (int i = 0; i < 3; i++)
                assert_int_equal(audit_append(a, event_begin("/a"), 0), -EFBIG);
        /* Room for the first report, about the crash, and part of the second, about the writing. */
        limit_files((rlim_t)st.st_size + 100);
        assert_int_equal(audit_append(a, event_begin("/a"), 0), -EFBIG);
        assert_int_equal(find_lost().count, 1);
        limit_files(RLIM_INFINITY);
        append(a, 1);
        audit_close(a);
        assert_int_equal(find_lost().events, 2);
        assert_int_equal(find_lost().count, 1 + 4);
        assert_int_equal(verified(), 2 + 2 + 1);
        signal(SIGXFSZ, SIG_DFL);
}

/* In a process of its own, which has its own mounts. Exits 0, 77 where it may not mount, else 1. */
static int on_a_full_disk(void)
{
        char filler[128];
        struct audit *a;
        int failed, fd;

        if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
            mount("tmpfs", folder, "tmpfs", 0, "size=64k") < 0)
                return 77;
        a = open_stream();
        append(a, 2);
        snprintf(filler, sizeof(filler), "%s/filler", folder);
        fd = open(filler, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        for (char page[4096] = ""; write(fd, page, sizeof(page)) > 0;)
                ;
        close(fd);
        fill(a, true, &failed);
        unlink(filler);
        append(a, 1);
        audit_close(a);
        if (strcmp(find_lost().reason, "the stream could not be written: No space left on device") != 0)
                return 1;
        return verified() + find_lost().count == 2 + 60 + 1 + 1 ? 0 : 1;
}

static void a_full_disk_is_named_in_the_report(void **state)
{
        pid_t child = fork();
        int status;

        (void)state;
        if (child == 0)
                _exit(on_a_full_disk());
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFEXITED(status));
        if (WEXITSTATUS(status) == 77)
                skip();
        assert_int_equal(WEXITSTATUS(status), 0);
}

static void a_writer_that_is_killed_leaves_the_stream_to_the_next(void **state)
{
        (void)state;
        for (int i = 0; i < 20; i++) {
                pid_t child = fork();
                int status;

                if (child == 0) {
                        struct audit *a = open_stream();

                        for (;;)
                                audit_append(a, event_begin("/srv/file"), 0);
                }
                while (i == 0 && access(stream, F_OK) != 0)
                        usleep(100);
                usleep((useconds_t)(1000 + 500 * i));
                kill(child, SIGKILL);
                assert_int_equal(waitpid(child, &status, 0), child);
                write_stream(1);
                assert_true(verified() > 0);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(a_crash_at_any_byte_leaves_whole_lines_and_writing_goes_on),
                TEST(a_crash_is_reported_also_when_nothing_else_is_written),
                TEST(zeros_that_a_power_failure_left_are_cut_off),
                TEST(a_file_that_ends_with_something_else_is_refused_and_kept),
                TEST(a_large_file_without_a_line_is_refused_without_reading_all_of_it),
                TEST(lines_longer_than_what_recovery_reads_at_first_are_found),
                TEST(what_does_not_fit_is_counted_and_reported_once_it_does),
                TEST(losses_are_reported_by_an_empty_batch_and_at_the_end),
                TEST(a_report_that_cannot_be_written_is_not_forgotten),
                TEST(a_full_disk_is_named_in_the_report),
                TEST(a_writer_that_is_killed_leaves_the_stream_to_the_next),
        };

        return cmocka_run_group_tests_name("audit failures", tests, NULL, NULL);
}
