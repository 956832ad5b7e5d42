/* SPDX-License-Identifier: Apache-2.0 */
/* A folder of its own for each test, and what the tests of the stream share. */
#ifndef HOLDFAST_TESTS_UNIT_AUDIT_FIXTURE_H
#define HOLDFAST_TESTS_UNIT_AUDIT_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "audit/audit.h"
#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/json.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

static char folder[64], stream[80];

static inline int folder_make(void **state)
{
        (void)state;
        snprintf(folder, sizeof(folder), "/tmp/holdfast-audit-XXXXXX");
        if (!mkdtemp(folder))
                return -1;
        snprintf(stream, sizeof(stream), "%s/audit.ndjson", folder);
        return 0;
}

static inline int folder_remove(void **state)
{
        (void)state;
        unlink(stream);
        return rmdir(folder);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, folder_make, folder_remove)

static inline struct audit *open_stream(void)
{
        _cleanup_error_ struct error e = ERROR_INIT;
        struct audit *a = NULL;

        if (audit_open(stream, NULL, &a, &e) < 0)
                fail_msg("%s", error_text(&e));
        return a;
}

static inline cJSON *event_begin(const char *path)
{
        cJSON *event = cJSON_CreateObject();

        cJSON_AddStringToObject(event, "session", "s1");
        cJSON_AddStringToObject(event, "kind", "file");
        cJSON_AddStringToObject(event, "verdict", "deny");
        json_add_text(event, "path", path);
        return event;
}

static inline void append(struct audit *a, int n)
{
        for (int i = 0; i < n; i++) {
                char path[64];

                snprintf(path, sizeof(path), "/srv/file-%d", i);
                assert_int_equal(audit_append(a, event_begin(path), 0), 0);
        }
}

static inline void write_stream(int lines)
{
        struct audit *a = open_stream();

        append(a, lines);
        audit_close(a);
}

static inline void load_file(struct buffer *text)
{
        _cleanup_close_ int fd = open(stream, O_RDONLY | O_CLOEXEC);
        struct stat st;

        assert_int_equal(fstat(fd, &st), 0);
        buffer_truncate(text, 0);
        assert_int_equal(buffer_reserve(text, (size_t)st.st_size), 0);
        assert_int_equal(read(fd, text->data, (size_t)st.st_size), st.st_size);
        buffer_truncate(text, (size_t)st.st_size);
}

static inline void store_file(const char *bytes, size_t length)
{
        _cleanup_close_ int fd = open(stream, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

        assert_int_equal(write(fd, bytes, length), length);
}

/* The number of lines of a stream that verifies. */
static inline uint64_t verified(void)
{
        _cleanup_error_ struct error e = ERROR_INIT;
        struct audit_report report;

        if (audit_verify(stream, NULL, &report, &e) < 0)
                fail_msg("%s", error_text(&e));
        return report.lines;
}

struct collected {
        uint64_t first, last, count;
        struct buffer text;
};

static inline int collect(void *context, uint64_t seq, const char *line, size_t length)
{
        struct collected *c = context;

        assert_int_equal(line[length - 1], '\n');
        assert_true(!c->count || seq == c->last + 1);
        c->first = c->count ? c->first : seq;
        c->last = seq;
        c->count++;
        return buffer_append(&c->text, line, length);
}

static inline void collected_clear(struct collected *c)
{
        buffer_clear(&c->text);
}
#define _cleanup_collected_ __attribute__((cleanup(collected_clear)))

/* The events of kind lost in the stream: how many there are, the sum of their counts, and the reason of the last (to be freed). */
struct lost {
        int events;
        uint64_t count;
        char reason[200];
};

static inline struct lost find_lost(void)
{
        _cleanup_buffer_ struct buffer text = BUFFER_INIT;
        struct lost lost = { 0, 0, "" };
        char *rest, *line;

        load_file(&text);
        rest = text.data;
        while ((line = strsep(&rest, "\n")) && *line) {
                _cleanup_json_ cJSON *event = cJSON_Parse(line);
                uint64_t count;

                assert_non_null(event);
                if (strcmp(json_get_string(event, "kind"), "lost") != 0)
                        continue;
                assert_int_equal(json_get_u64(event, "count", &count), 0);
                lost.events++;
                lost.count += count;
                snprintf(lost.reason, sizeof(lost.reason), "%s", json_get_string(event, "reason"));
        }
        return lost;
}

#endif
