/* SPDX-License-Identifier: Apache-2.0 */
/* A stream of several files: rotation, checkpoints, removal, what a crash leaves of it, and every kind of tampering. */
#include "fixture.h"

#include "audit/files.h"
#include "base/time.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

static char key[80], public[96];

static int set_up(void **state)
{
        int r = folder_make(state);

        snprintf(key, sizeof(key), "%s/audit.key", folder);
        snprintf(public, sizeof(public), "%s.pub", stream);
        return r;
}

/* Removes the folder with all that is in it. */
static int tear_down(void **state)
{
        _cleanup_closedir_ DIR *d = opendir(folder);
        const struct dirent *entry;

        (void)state;
        while (d && (entry = readdir(d)))
                if (*entry->d_name != '.')
                        unlinkat(dirfd(d), entry->d_name, 0);
        return rmdir(folder);
}

#define STREAM_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

static struct audit *open_with(uint64_t size, uint64_t keep)
{
        const struct audit_options options = { .key = key, .rotate_size = size, .keep = keep };
        _cleanup_error_ struct error e = ERROR_INIT;
        struct audit *a = NULL;

        if (audit_open(stream, &options, &a, &e) < 0)
                fail_msg("%s", error_text(&e));
        return a;
}

static void write_files(uint64_t size, uint64_t keep, int lines)
{
        struct audit *a = open_with(size, keep);

        append(a, lines);
        audit_close(a);
}

static void path_of(uint64_t first, char path[PATH_MAX])
{
        assert_int_equal(files_rotated(stream, first, path), 0);
}

static struct files list(void)
{
        struct files files = FILES_INIT;

        assert_int_equal(files_list(stream, &files), 0);
        return files;
}

static size_t rotated_files(void)
{
        _cleanup_files_ struct files files = list();

        return files.count;
}

static struct audit_report good(void)
{
        _cleanup_error_ struct error e = ERROR_INIT;
        struct audit_report report;

        if (audit_verify(stream, NULL, &report, &e) < 0)
                fail_msg("%s", error_text(&e));
        return report;
}

static void bad(int error, const char *file, const char *said)
{
        _cleanup_error_ struct error e = ERROR_INIT;
        struct audit_report report;

        assert_int_equal(audit_verify(stream, NULL, &report, &e), error);
        if (!strstr(error_text(&e), said))
                fail_msg("expected \"%s\" in \"%s\"", said, error_text(&e));
        if (file && (!strstr(error_text(&e), file) || strcmp(report.file, file) != 0))
                fail_msg("expected the file %s, not %s, in \"%s\"", file, report.file, error_text(&e));
}

static void load(const char *path, struct buffer *text)
{
        _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
        struct stat st;

        assert_true(fd >= 0);
        assert_int_equal(fstat(fd, &st), 0);
        buffer_truncate(text, 0);
        assert_int_equal(buffer_reserve(text, (size_t)st.st_size + 1), 0);
        assert_int_equal(read(fd, text->data, (size_t)st.st_size), st.st_size);
        text->data[st.st_size] = '\0';
        text->length = (size_t)st.st_size;
}

static void store(const char *path, const char *bytes, size_t length)
{
        _cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

        assert_int_equal(write(fd, bytes, length), length);
}

static void numbers_and_chain_go_on_across_files(void **state)
{
        _cleanup_files_ struct files files = FILES_INIT;
        struct audit_report report;

        (void)state;
        write_files(4000, 0, 100);
        files = list();
        assert_true(files.count > 5);
        assert_int_equal(files.first[0], 1);
        report = good();
        assert_int_equal(report.files, files.count + 1);
        assert_int_equal(report.first, 1);
        assert_int_equal(report.lines, report.last);
        assert_int_equal(report.lines, 100 + 2 + files.count); /* a checkpoint at the start, at the end, and of each file */
        assert_int_equal(report.checkpoints, 2 + files.count);
        assert_int_equal(report.vouched, report.last - 1);
        assert_int_equal(strlen(report.key), 64);
        write_files(4000, 0, 10);
        assert_int_equal(good().lines, report.lines + 12 + (rotated_files() - files.count));
}

static void age_rotates_too(void **state)
{
        const struct audit_options options = { .key = key, .rotate_age = 20000000 };
        struct audit *a = NULL;

        (void)state;
        assert_int_equal(audit_open(stream, &options, &a, NULL), 0);
        append(a, 1);
        while (!rotated_files()) {
                usleep(1000);
                audit_tick(a);
        }
        audit_close(a);
        good();
}

static void a_folder_and_a_single_file_can_be_verified_too(void **state)
{
        _cleanup_files_ struct files files = FILES_INIT;
        struct audit_report report;
        char path[PATH_MAX];

        (void)state;
        write_files(4000, 0, 50);
        files = list();
        assert_int_equal(audit_verify(folder, NULL, &report, NULL), 0);
        assert_int_equal(report.files, files.count + 1);
        path_of(files.first[1], path);
        assert_int_equal(audit_verify(path, NULL, &report, NULL), 0);
        assert_int_equal(report.files, 1);
        assert_int_equal(report.first, files.first[1]);
        assert_int_equal(report.last, files.first[2] - 1);
        assert_int_equal(report.vouched, report.last - 1);
}

static void reading_goes_over_all_files_from_any_number_on(void **state)
{
        uint64_t last;

        (void)state;
        write_files(4000, 0, 100);
        last = good().last;
        for (uint64_t since = 0; since <= last + 1; since++) {
                _cleanup_collected_ struct collected c = { 0 };

                assert_int_equal(audit_read(stream, since, collect, &c, NULL), 0);
                assert_int_equal(c.count, since < last ? last - since : 0);
                if (c.count)
                        assert_int_equal(c.first, since + 1);
        }
}

struct tail {
        uint64_t seen;
};

static int count_line(void *context, uint64_t seq, const char *line, size_t length)
{
        struct tail *t = context;

        (void)line;
        (void)length;
        assert_int_equal(seq, t->seen + 1);
        t->seen = seq;
        return 0;
}

static void read_on(void *context, uint64_t seq, const char *line, size_t length)
{
        struct tail *t = context;

        (void)line;
        (void)length;
        if (t->seen < seq)
                assert_int_equal(audit_read(stream, t->seen, count_line, t, NULL), 0);
}

static void a_follower_reads_on_across_rotations(void **state)
{
        struct audit *a = open_with(3000, 0);
        struct tail t = { audit_seq(a) };

        (void)state;
        assert_int_equal(audit_follow(a, read_on, &t), 0);
        append(a, 60);
        assert_int_equal(t.seen, audit_seq(a));
        audit_close(a);
        assert_int_equal(t.seen, good().last);
}

static void checkpoints_come_by_number_of_lines(void **state)
{
        struct audit *a = open_with(0, 0);

        (void)state;
        append(a, 5000);
        assert_true(good().checkpoints >= 5);
        assert_true(good().last - good().vouched <= 1025);
        audit_close(a);
        assert_int_equal(good().vouched, good().last - 1);
}

static void the_key_is_the_owners_and_its_public_half_everyones(void **state)
{
        struct stat st;

        (void)state;
        write_files(0, 0, 1);
        assert_int_equal(stat(key, &st), 0);
        assert_int_equal(st.st_mode & 07777, 0600);
        assert_int_equal(stat(public, &st), 0);
        assert_int_equal(st.st_mode & 07777, 0644);
}

static void a_new_key_is_published_beside_the_old_one(void **state)
{
        _cleanup_error_ struct error e = ERROR_INIT;
        struct audit_report one, two;
        struct audit *a = NULL;
        const struct audit_options options = { .key = key };

        (void)state;
        write_files(0, 0, 3);
        one = good();
        unlink(key);
        write_files(0, 0, 3);
        two = good();
        assert_string_not_equal(one.key, two.key);
        assert_int_equal(two.checkpoints, 2 * one.checkpoints);
        assert_int_equal(chmod(key, 0640), 0);
        assert_int_equal(audit_open(stream, &options, &a, &e), -EPERM);
        error_clear(&e);
        assert_int_equal(chmod(key, 0600), 0);
        store(key, "no key\n", 7);
        assert_int_equal(audit_open(stream, &options, &a, &e), -EINVAL);
        assert_non_null(strstr(error_text(&e), key));
}

static void what_is_removed_is_said_and_verifies(void **state)
{
        _cleanup_collected_ struct collected c = { 0 };
        _cleanup_files_ struct files files = FILES_INIT;
        struct audit_report report;

        (void)state;
        write_files(4000, 3, 200);
        files = list();
        assert_int_equal(files.count, 3);
        report = good();
        assert_int_equal(report.first, files.first[0]);
        assert_int_equal(report.removed, files.first[0] - 1);
        assert_true(report.removed > 100);
        /* A reader that asks for what is gone gets what there is. */
        assert_int_equal(audit_read(stream, 0, collect, &c, NULL), 0);
        assert_int_equal(c.first, files.first[0]);
        assert_int_equal(c.last, report.last);
        assert_non_null(strstr(c.text.data, "\"op\":\"audit-removed\""));
}

static void a_file_that_nobody_said_is_removed_is_missing(void **state)
{
        _cleanup_files_ struct files files = FILES_INIT;
        char path[PATH_MAX], said[96];

        (void)state;
        write_files(4000, 4, 200);
        files = list();
        path_of(files.first[0], path);
        unlink(path);
        path_of(files.first[1], path);
        snprintf(said, sizeof(said), "line 1 (seq %lu): expected seq 1: events are missing before it, and no line says", files.first[1]);
        bad(-EBADMSG, files_name(path), said);
}

static void a_file_missing_in_the_middle_is_named(void **state)
{
        _cleanup_files_ struct files files = FILES_INIT;
        char path[PATH_MAX], said[96];

        (void)state;
        write_files(4000, 0, 60);
        files = list();
        path_of(files.first[1], path);
        unlink(path);
        path_of(files.first[2], path);
        snprintf(said, sizeof(said), "line 1 (seq %lu): expected seq %lu: events are missing before it", files.first[2], files.first[1]);
        bad(-EBADMSG, files_name(path), said);
}

static void a_file_with_anothers_name_is_named(void **state)
{
        _cleanup_files_ struct files files = FILES_INIT;
        char path[PATH_MAX], other[PATH_MAX];

        (void)state;
        write_files(4000, 0, 60);
        files = list();
        path_of(files.first[1], path);
        path_of(files.first[1] + 1, other);
        assert_int_equal(rename(path, other), 0);
        bad(-EBADMSG, files_name(other), "the file's name says that it begins with another seq");
        store(other, "", 0);
        bad(-EBADMSG, files_name(other), "the file is empty");
}

/* Changes the text of the nth line (from 0) of a file: 'd' drops it, 'r' repeats it, 's' swaps it with the next, 'c' changes a byte, 'e'
 * drops all from it on. */
static void tamper(const char *path, int n, char how)
{
        _cleanup_buffer_ struct buffer text = BUFFER_INIT, out = BUFFER_INIT;
        const char *line, *next, *after;

        load(path, &text);
        line = text.data;
        for (int i = 0; i < n; i++)
                line = strchr(line, '\n') + 1;
        next = strchr(line, '\n') + 1;
        after = *next ? strchr(next, '\n') + 1 : next;
        buffer_append(&out, text.data, (size_t)(line - text.data));
        if (how == 's')
                buffer_append(&out, next, (size_t)(after - next));
        if (how == 'r' || how == 's' || how == 'c')
                buffer_append(&out, line, (size_t)(next - line));
        if (how == 'r')
                buffer_append(&out, line, (size_t)(next - line));
        if (how == 'c')
                out.data[out.length - 200] ^= 1;
        if (how != 'e') {
                const char *rest = how == 's' ? after : next;

                buffer_append(&out, rest, (size_t)(text.data + text.length - rest));
        }
        store(path, out.data, out.length);
}

static void each_way_to_change_a_line_is_found_in_each_file(void **state)
{
        static const struct {
                char how;
                const char *said;
        } ways[] = {
                { 'd', "events are missing before it" },
                { 'r', "it is repeated or out of order" },
                { 's', "events are missing before it" },
                { 'c', "its text was changed: the hash does not match" },
        };
        _cleanup_files_ struct files files = FILES_INIT;
        _cleanup_buffer_ struct buffer before = BUFFER_INIT;

        (void)state;
        write_files(4000, 0, 60);
        write_files(0, 0, 5);
        files = list();
        for (size_t i = 0; i <= files.count; i++) {
                for (size_t w = 0; w < ARRAY_SIZE(ways); w++) {
                        char path[PATH_MAX], line[64];

                        snprintf(path, sizeof(path), "%s", stream);
                        if (i < files.count)
                                path_of(files.first[i], path);
                        load(path, &before);
                        tamper(path, 2, ways[w].how);
                        snprintf(line, sizeof(line), "line %d (seq ", ways[w].how == 'r' ? 4 : 3);
                        bad(-EBADMSG, files_name(path), ways[w].said);
                        bad(-EBADMSG, files_name(path), line);
                        store(path, before.data, before.length);
                        good();
                }
        }
}

/* The end of a file that is not the last, cut at a whole line: the next file does not fit any more. */
static void lines_missing_at_the_end_of_a_file_are_found(void **state)
{
        _cleanup_files_ struct files files = FILES_INIT;
        char path[PATH_MAX];

        (void)state;
        write_files(4000, 0, 60);
        files = list();
        path_of(files.first[1], path);
        tamper(path, 3, 'e');
        path_of(files.first[2], path);
        bad(-EBADMSG, files_name(path), "events are missing before it");
}

/* All lines anew, with numbers and a chain that are right, as someone could who has no key; up to a limit of lines. */
static void rechain(int lines, bool with_checkpoints)
{
        _cleanup_buffer_ struct buffer text = BUFFER_INIT;
        char *rest, *line;
        struct audit *a;

        load(stream, &text);
        unlink(stream);
        a = open_stream();
        for (rest = text.data; (line = strsep(&rest, "\n")) && *line && lines > 0; lines--) {
                cJSON *event = cJSON_Parse(line);
                uint64_t time;

                assert_non_null(event);
                assert_int_equal(time_parse(json_get_string(event, "time"), &time), 0);
                if (cJSON_GetObjectItem(event, "path"))
                        cJSON_ReplaceItemInObject(event, "path", cJSON_CreateString("/innocent"));
                if (with_checkpoints || strcmp(json_get_string(event, "kind"), "checkpoint") != 0)
                        assert_int_equal(audit_append(a, event, time), 0);
                else
                        cJSON_Delete(event);
        }
        audit_close(a);
}

static void a_chain_made_anew_does_not_fit_the_signatures(void **state)
{
        (void)state;
        write_files(0, 0, 5);
        rechain(1000, true);
        bad(-EBADMSG, "audit.ndjson", "line 7 (seq 7): its signature does not fit: it, or a line before it, was not written by holdfastd");
}

static void a_stream_without_its_checkpoints_is_bad(void **state)
{
        (void)state;
        write_files(0, 0, 5);
        rechain(1000, false);
        bad(-EBADMSG, NULL, "it has no checkpoint: no signature vouches for any of its 5 lines");
        unlink(public);
        assert_int_equal(good().vouched, 0); /* as a stream that never had a key */
}

static void more_lines_after_the_last_checkpoint_than_there_can_be_are_bad(void **state)
{
        struct audit *a;

        (void)state;
        write_files(0, 0, 5);
        a = open_stream(); /* without the key */
        append(a, 100);
        assert_int_equal(good().last - good().vouched, 101);
        append(a, 9000);
        audit_close(a);
        bad(-EBADMSG, NULL, "after seq 6 come 9101 lines without a checkpoint");
}

static void another_key_is_told(void **state)
{
        (void)state;
        write_files(0, 0, 3);
        unlink(public);
        bad(-ENOKEY, NULL, "it has 2 signed checkpoints, and there is no public key to check them by");
        unlink(key);
        {
                char elsewhere[96];
                struct audit *a = NULL;
                const struct audit_options options = { .key = key };
                _cleanup_error_ struct error e = ERROR_INIT;

                snprintf(elsewhere, sizeof(elsewhere), "%s/other", folder);
                assert_int_equal(audit_open(elsewhere, &options, &a, NULL), 0);
                audit_close(a);
                snprintf(elsewhere, sizeof(elsewhere), "%s/other.pub", folder);
                assert_int_equal(audit_verify(stream, elsewhere, NULL, &e), -EBADMSG);
                assert_non_null(strstr(error_text(&e), "line 1 (seq 1): it is a checkpoint that another key signed"));
                error_clear(&e);
                assert_int_equal(audit_verify(stream, "/dev/null", NULL, &e), -EINVAL);
        }
}

/* A removal that only someone without the key says. */
static void an_unsigned_removal_does_not_count(void **state)
{
        _cleanup_files_ struct files files = FILES_INIT;
        _cleanup_buffer_ struct buffer text = BUFFER_INIT;
        char path[PATH_MAX], *hash;
        struct audit *a;
        cJSON *event = cJSON_CreateObject();

        (void)state;
        write_files(4000, 0, 60);
        files = list();
        path_of(files.first[0], path);
        load(path, &text);
        hash = strstr((char *)memrchr(text.data, '\n', text.length - 1), "\"hash\":\"") + 8;
        hash[64] = '\0';
        unlink(path);
        cJSON_AddStringToObject(event, "kind", "admin");
        cJSON_AddStringToObject(event, "op", "audit-removed");
        json_add_u64(event, "last", files.first[1] - 1);
        cJSON_AddStringToObject(event, "last_hash", hash);
        a = open_stream();
        assert_int_equal(audit_append(a, event, 0), 0);
        audit_close(a);
        path_of(files.first[1], path);
        bad(-EBADMSG, files_name(path), "events are missing before it, and no signed line says that they were removed");
        write_files(0, 0, 0); /* signs it */
        assert_int_equal(good().removed, files.first[1] - 1);
}

/* Verifies a stream that a crash left, goes on with it, and verifies that. */
static void goes_on(uint64_t least)
{
        struct audit *a = open_with(0, 0);
        uint64_t before = audit_seq(a);

        assert_true(before >= least);
        append(a, 2);
        audit_close(a);
        assert_true(good().last >= before + 3);
        assert_int_equal(good().lines, good().last);
}

static void a_crash_at_any_byte_after_a_rotation_leaves_what_verifies(void **state)
{
        _cleanup_buffer_ struct buffer whole = BUFFER_INIT;
        _cleanup_files_ struct files files = FILES_INIT;
        uint64_t first;

        (void)state;
        write_files(2000, 0, 8);
        files = list();
        assert_int_equal(files.count, 1);
        write_files(0, 0, 1);
        first = good().last;
        load(stream, &whole); /* events, and checkpoints at the end and the start */
        for (size_t cut = 0; cut <= whole.length; cut++) {
                uint64_t kept = 0;

                for (size_t i = cut; i < whole.length; i++)
                        kept += whole.data[i] == '\n';
                store(stream, whole.data, cut);
                if (cut == 0 || whole.data[cut - 1] == '\n')
                        assert_int_equal(good().last, first - kept);
                goes_on(first - kept);
        }
}

/* The steps of a rotation one by one, with the file cut at every byte of its last lines: a checkpoint and an event. */
static void a_crash_at_any_step_of_a_rotation_leaves_what_verifies(void **state)
{
        _cleanup_buffer_ struct buffer whole = BUFFER_INIT;
        char rotated[PATH_MAX], next[PATH_MAX];
        size_t from;

        (void)state;
        write_files(0, 0, 3);
        load(stream, &whole);
        path_of(1, rotated);
        assert_int_equal(files_next(stream, next), 0);
        from = (size_t)((char *)memrchr(whole.data, '\n', whole.length - 600) + 1 - whole.data);
        for (size_t cut = from; cut <= whole.length; cut++) {
                bool is_whole = whole.data[cut - 1] == '\n';
                uint64_t lines = 0;

                for (size_t i = 0; i < cut; i++)
                        lines += whole.data[i] == '\n';
                for (int step = 0; step < 4; step++) {
                        unlink(rotated);
                        unlink(next);
                        unlink(stream);
                        store(step < 2 ? stream : rotated, whole.data, cut);
                        if (step == 1 || step == 2)
                                store(next, "", 0); /* made; the old one renamed */
                        if (step == 3)
                                store(stream, "", 0);
                        if (is_whole)
                                assert_int_equal(good().last, lines);
                        goes_on(lines);
                }
        }
}

static void a_crash_before_old_files_are_removed_leaves_what_verifies(void **state)
{
        _cleanup_buffer_ struct buffer oldest = BUFFER_INIT;
        _cleanup_files_ struct files before = FILES_INIT, after = FILES_INIT;
        char path[PATH_MAX];
        struct audit *a;

        (void)state;
        write_files(4000, 2, 20);
        before = list();
        path_of(before.first[0], path);
        load(path, &oldest);
        a = open_with(4000, 2);
        do {
                files_clear(&after);
                append(a, 1);
                after = list();
        } while (after.first[0] == before.first[0]);
        audit_close(a);
        store(path, oldest.data, oldest.length); /* as if it had not come to that */
        assert_int_equal(good().first, before.first[0]);
        write_files(4000, 2, 40);
        assert_true(good().first > before.first[0]);
}

static void a_writer_that_is_killed_while_it_rotates_leaves_the_stream_to_the_next(void **state)
{
        uint64_t last = 0;

        (void)state;
        for (int i = 0; i < 40; i++) {
                pid_t child = fork();
                int status;

                if (child == 0) {
                        struct audit *a = open_with(1500, i % 2 ? 5 : 0);

                        for (;;)
                                audit_append(a, event_begin("/srv/file"), 0);
                }
                while (i == 0 && access(public, F_OK) != 0)
                        usleep(100);
                usleep((useconds_t)(2000 + 700 * i));
                kill(child, SIGKILL);
                assert_int_equal(waitpid(child, &status, 0), child);
                write_files(1500, 0, 1);
                assert_true(good().last > last);
                last = good().last;
        }
}

static void a_rotation_that_fails_is_tried_again_and_loses_nothing(void **state)
{
        char next[PATH_MAX];
        struct audit *a;

        (void)state;
        assert_int_equal(files_next(stream, next), 0);
        assert_int_equal(mkdir(next, 0700), 0);
        a = open_with(2000, 0);
        append(a, 50);
        assert_int_equal(rotated_files(), 0);
        audit_close(a);
        assert_int_equal(rmdir(next), 0);
        assert_int_equal(good().lines, 53); /* with a checkpoint for the file that it would have ended */
        write_files(2000, 0, 5);
        assert_true(rotated_files() > 0);
        good();
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                STREAM_TEST(numbers_and_chain_go_on_across_files),
                STREAM_TEST(age_rotates_too),
                STREAM_TEST(a_folder_and_a_single_file_can_be_verified_too),
                STREAM_TEST(reading_goes_over_all_files_from_any_number_on),
                STREAM_TEST(a_follower_reads_on_across_rotations),
                STREAM_TEST(checkpoints_come_by_number_of_lines),
                STREAM_TEST(the_key_is_the_owners_and_its_public_half_everyones),
                STREAM_TEST(a_new_key_is_published_beside_the_old_one),
                STREAM_TEST(what_is_removed_is_said_and_verifies),
                STREAM_TEST(a_file_that_nobody_said_is_removed_is_missing),
                STREAM_TEST(a_file_missing_in_the_middle_is_named),
                STREAM_TEST(a_file_with_anothers_name_is_named),
                STREAM_TEST(each_way_to_change_a_line_is_found_in_each_file),
                STREAM_TEST(lines_missing_at_the_end_of_a_file_are_found),
                STREAM_TEST(a_chain_made_anew_does_not_fit_the_signatures),
                STREAM_TEST(a_stream_without_its_checkpoints_is_bad),
                STREAM_TEST(more_lines_after_the_last_checkpoint_than_there_can_be_are_bad),
                STREAM_TEST(another_key_is_told),
                STREAM_TEST(an_unsigned_removal_does_not_count),
                STREAM_TEST(a_crash_at_any_byte_after_a_rotation_leaves_what_verifies),
                STREAM_TEST(a_crash_at_any_step_of_a_rotation_leaves_what_verifies),
                STREAM_TEST(a_crash_before_old_files_are_removed_leaves_what_verifies),
                STREAM_TEST(a_writer_that_is_killed_while_it_rotates_leaves_the_stream_to_the_next),
                STREAM_TEST(a_rotation_that_fails_is_tried_again_and_loses_nothing),
        };

        return cmocka_run_group_tests_name("audit files", tests, NULL, NULL);
}
