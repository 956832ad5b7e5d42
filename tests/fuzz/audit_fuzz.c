/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a stream: read, verified, taken over. The input is a list of edits on a good stream, so that the checks behind the
 * hash are reached too; an input that begins with "=" is the file itself. One that begins with "/" and a place parts the stream there
 * into a file that was rotated away and the one that is written.
 */
#include "audit/audit.h"
#include "audit/files.h"
#include "audit/line.h"
#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/json.h"
#include "lib/check.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

static char path[64];
static struct buffer good;

static void store_bytes(const char *name, const char *bytes, size_t length)
{
        _cleanup_close_ int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

        CHECK(fd >= 0 && write(fd, bytes, length) == (ssize_t)length);
}

static void store(const struct buffer *text)
{
        store_bytes(path, text->data, text->length);
}

static void load(struct buffer *text)
{
        _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
        struct stat st;

        CHECK(fd >= 0 && fstat(fd, &st) == 0 && buffer_reserve(text, (size_t)st.st_size) == 0);
        CHECK(read(fd, text->data, (size_t)st.st_size) == st.st_size);
        buffer_truncate(text, (size_t)st.st_size);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
        struct audit *a;

        (void)argc;
        (void)argv;
        snprintf(path, sizeof(path), "/dev/shm/holdfast-audit-fuzz-%d", getpid());
        CHECK(audit_open(path, NULL, &a, NULL) == 0);
        for (int i = 0; i < 5; i++) {
                cJSON *event = cJSON_CreateObject();

                json_add_u64(event, "n", (uint64_t)i);
                CHECK(audit_append(a, event, 1) == 0);
        }
        audit_close(a);
        load(&good);
        return 0;
}

/* Each four bytes: what to do, where (two), with what. */
static void edit(struct buffer *text, const uint8_t *data, size_t size)
{
        for (; size >= 4; data += 4, size -= 4) {
                size_t at = (size_t)(data[1] << 8 | data[2]) % (text->length + 1),
                       n = data[3] < text->length - at ? data[3] : text->length - at;

                switch (data[0] % 5) {
                case 0: /* change */
                        if (at < text->length)
                                text->data[at] = (char)data[3];
                        break;
                case 1: /* cut */
                        buffer_truncate(text, at);
                        break;
                case 2: /* drop some */
                        memmove(text->data + at, text->data + at + n, text->length - at - n);
                        buffer_truncate(text, text->length - n);
                        break;
                case 3: /* add */
                        CHECK(buffer_append(text, &data[3], 1) == 0);
                        break;
                case 4: { /* a line of the good stream again, at the end */
                        const char *from = good.data + good.length / 5 * (data[3] % 5);

                        CHECK(buffer_append(text, from, good.length / 5) == 0);
                        break;
                }
                }
        }
}

/* Bytes up to and with the last line that is good by itself. */
static size_t whole_lines(const struct buffer *text, uint64_t *seq)
{
        const char *line = text->data, *end = line + text->length, *newline, *prev;
        struct line_position position;
        size_t last = 0;

        for (*seq = 0; line < end && (newline = memchr(line, '\n', (size_t)(end - line))); line = newline + 1) {
                if (line_check(line, (size_t)(newline - line), &position, &prev))
                        continue;
                last = (size_t)(newline + 1 - text->data);
                *seq = position.seq;
        }
        return last;
}

static int count(void *context, uint64_t seq, const char *line, size_t length)
{
        CHECK(seq && length && line[length - 1] == '\n');
        ++*(uint64_t *)context;
        return 0;
}

/* A stream that can be taken over loses no whole line by it, and goes on; a refused one stays as it is. */
static void take_over(const struct buffer *before, bool verifies, uint64_t lines)
{
        struct buffer after = BUFFER_INIT;
        struct audit *a = NULL;
        struct audit_report now;
        uint64_t seq;
        size_t whole = whole_lines(before, &seq);
        bool torn = whole < before->length;

        if (audit_open(path, NULL, &a, NULL) < 0) {
                CHECK(!a && !verifies);
                load(&after);
                CHECK(after.length == before->length && memcmp(after.data, before->data, after.length) == 0);
        } else {
                CHECK(audit_seq(a) == seq);
                CHECK(audit_append(a, cJSON_CreateObject(), 1) == 0);
                CHECK(audit_seq(a) == seq + 1 + torn);
                audit_close(a);
                load(&after);
                CHECK(after.length > whole && (!whole || memcmp(after.data, before->data, whole) == 0));
                if (verifies)
                        CHECK(audit_verify(path, NULL, &now, NULL) == 0 && now.lines == lines + 1);
        }
        buffer_clear(&after);
}

/* In two files it is good where it is in one, if it is parted between lines; going on with it keeps it so. */
static void two_files(const uint8_t *data, size_t size)
{
        struct buffer text = BUFFER_INIT;
        uint64_t lines = 0;
        struct audit_report one, two;
        struct audit *a = NULL;
        char rotated[PATH_MAX];
        bool good_in_one, between, good_in_two;
        size_t at;

        CHECK(buffer_append(&text, good.data, good.length) == 0 && files_rotated(path, 1, rotated) == 0);
        edit(&text, data + 2, size - 2);
        at = (size_t)(data[0] << 8 | data[1]) % (text.length + 1);
        at = data[0] & 0x80 ? at : good.length / 5 * (data[1] % 6) % (text.length + 1);
        between = at > 0 && text.data[at - 1] == '\n';
        store(&text);
        good_in_one = audit_verify(path, NULL, &one, NULL) == 0;
        store_bytes(rotated, text.data, at);
        store_bytes(path, text.data + at, text.length - at);
        good_in_two = audit_verify(path, NULL, &two, NULL) == 0;
        CHECK(!between || good_in_one == good_in_two);
        CHECK(!good_in_two || (between && two.lines == one.lines && two.last == one.last));
        if (audit_read(path, 0, count, &lines, NULL) < 0)
                CHECK(!good_in_two);
        else if (good_in_two)
                CHECK(lines == two.lines);
        if (audit_open(path, NULL, &a, NULL) == 0) {
                CHECK(audit_append(a, cJSON_CreateObject(), 1) == 0);
                audit_close(a);
                CHECK(!good_in_two || audit_verify(path, NULL, NULL, NULL) == 0);
        } else {
                CHECK(!good_in_two);
        }
        unlink(rotated);
        buffer_clear(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct buffer text = BUFFER_INIT;
        uint64_t lines, read_lines = 0;
        struct audit_report report;
        bool verifies;

        if (size > 2 && data[0] == '/') {
                two_files(data + 1, size - 1);
                return 0;
        }
        if (size && data[0] == '=') {
                CHECK(buffer_append(&text, data + 1, size - 1) == 0);
        } else {
                CHECK(buffer_append(&text, good.data, good.length) == 0);
                edit(&text, data, size);
        }
        store(&text);
        verifies = audit_verify(path, NULL, &report, NULL) == 0;
        lines = report.lines;
        if (audit_read(path, size ? data[size - 1] % 8 : 0, count, &read_lines, NULL) < 0)
                CHECK(!verifies);
        take_over(&text, verifies, lines);
        buffer_clear(&text);
        return 0;
}
