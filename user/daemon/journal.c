/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/journal.h"

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/json.h"

#include <ctype.h>
#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>

#define PREFIX "HOLDFAST_"
#define NAME_MAX_LENGTH 64 /* of a field, as journald takes it */

int journal_choice_parse(const char *text, enum journal_choice *ret)
{
        if (strcmp(text, "denials") != 0 && strcmp(text, "all") != 0)
                return -EINVAL;
        *ret = !strcmp(text, "all") ? JOURNAL_ALL : JOURNAL_DENIALS;
        return 0;
}

int journal_open(struct journal *j, enum journal_choice choice)
{
        *j = (struct journal)JOURNAL_INIT;
        if (choice == JOURNAL_NONE)
                return 0;
        j->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (j->fd < 0)
                return -errno;
        j->choice = choice;
        return 0;
}

void journal_close(struct journal *j)
{
        cleanup_close(&j->fd);
        *j = (struct journal)JOURNAL_INIT;
}

static bool is(const char *a, const char *b)
{
        return a && !strcmp(a, b);
}

static bool is_wanted(enum journal_choice choice, const cJSON *o)
{
        const char *kind = json_get_string(o, "kind"), *verdict = json_get_string(o, "verdict");
        const bool agents = is(kind, "file") || is(kind, "exec") || is(kind, "connect") || is(kind, "dns") || is(kind, "guard");

        if (!kind || is(kind, "checkpoint"))
                return false;
        return choice == JOURNAL_ALL || !agents || is(verdict, "deny");
}

/* A field whose value may be any bytes: its name, how long it is, and the value. */
static int add(struct buffer *b, const char *name, const char *value, size_t length)
{
        const uint64_t size = htole64(length);
        int r = buffer_append(b, name, strlen(name));

        if (r == 0)
                r = buffer_append(b, "\n", 1);
        if (r == 0)
                r = buffer_append(b, &size, sizeof(size));
        if (r == 0)
                r = buffer_append(b, value, length);
        return r == 0 ? buffer_append(b, "\n", 1) : r;
}

static int add_text(struct buffer *b, const char *name, const char *value)
{
        return add(b, name, value, strlen(value));
}

/* One of the event's: HOLDFAST_ and the member's name in capitals. What is neither text nor number is in HOLDFAST_EVENT alone. */
static int add_member(struct buffer *b, const cJSON *m)
{
        char name[NAME_MAX_LENGTH + 1] = PREFIX, number[32];
        const size_t start = sizeof(PREFIX) - 1;

        if ((!cJSON_IsString(m) && !cJSON_IsNumber(m)) || strlen(m->string) >= sizeof(name) - start)
                return 0;
        for (size_t i = 0; m->string[i]; i++)
                name[start + i] = isalnum((unsigned char)m->string[i]) ? (char)toupper((unsigned char)m->string[i]) : '_';
        if (cJSON_IsString(m))
                return add_text(b, name, m->valuestring);
        snprintf(number, sizeof(number), "%.0f", m->valuedouble);
        return add_text(b, name, number);
}

/* For people: "deny file open /etc/shadow: no capability allows it". */
static int add_message(struct buffer *b, const cJSON *o)
{
        static const char *const about[] = { "verdict", "kind", "op", "path", "host", "addr", "scope", "strength", "policy", "found" };
        const char *reason = json_get_string(o, "reason");
        _cleanup_buffer_ struct buffer text = BUFFER_INIT;
        int r = 0;

        for (size_t i = 0; r == 0 && i < sizeof(about) / sizeof(about[0]); i++) {
                const char *word = json_get_string(o, about[i]);

                if (word && text.length)
                        r = buffer_append(&text, " ", 1);
                if (word && r == 0)
                        r = buffer_append(&text, word, strlen(word));
        }
        if (r == 0 && reason)
                r = buffer_append(&text, ": ", 2);
        if (r == 0 && reason)
                r = buffer_append(&text, reason, strlen(reason));
        return r == 0 ? add(b, "MESSAGE", text.data, text.length) : r;
}

static int add_head(struct buffer *b, int priority)
{
        const char text[] = { (char)('0' + priority), '\0' };
        int r = add_text(b, "PRIORITY", text);

        return r == 0 ? add_text(b, "SYSLOG_IDENTIFIER", "holdfast") : r;
}

static int compose(struct buffer *b, const cJSON *o)
{
        const char *kind = json_get_string(o, "kind");
        const bool grave = is(json_get_string(o, "verdict"), "deny") || is(kind, "kill") || is(kind, "lost");
        const cJSON *m;
        int r = add_head(b, grave ? LOG_WARNING : LOG_INFO);

        if (r == 0)
                r = add_message(b, o);
        cJSON_ArrayForEach (m, o)
                if (r == 0)
                        r = add_member(b, m);
        return r;
}

static int hand_over(int fd, const char *path, const struct buffer *b)
{
        struct sockaddr_un to = { .sun_family = AF_UNIX };

        if (strlen(path) >= sizeof(to.sun_path))
                return -ENAMETOOLONG;
        memcpy(to.sun_path, path, strlen(path));
        return sendto(fd, b->data, b->length, MSG_NOSIGNAL | MSG_DONTWAIT, (const struct sockaddr *)&to, sizeof(to)) < 0 ? -errno : 0;
}

/* The event, and as one field the line itself, where that is not too long for the socket. */
static int send_event(int fd, const char *path, const cJSON *o, const char *line, size_t length)
{
        _cleanup_buffer_ struct buffer b = BUFFER_INIT;
        int r = compose(&b, o);
        size_t before = b.length;

        if (r == 0)
                r = add(&b, PREFIX "EVENT", line, length);
        if (r == 0)
                r = hand_over(fd, path, &b);
        if (r != -EMSGSIZE)
                return r;
        buffer_truncate(&b, before);
        return hand_over(fd, path, &b);
}

/* Says how many were skipped, once journald takes something again. */
static void tell_skipped(struct journal *j, const char *path)
{
        _cleanup_buffer_ struct buffer b = BUFFER_INIT;
        const uint64_t skipped = j->skipped;
        char text[96];

        if (skipped == j->told)
                return;
        snprintf(text, sizeof(text), "%" PRIu64 " events were not taken by the journal; the audit stream has them", skipped - j->told);
        if (add_head(&b, LOG_WARNING) == 0 && add_text(&b, "MESSAGE", text) == 0 && hand_over(j->fd, path, &b) == 0)
                j->told = skipped;
}

void journal_send(struct journal *j, const char *path, const char *line, size_t length)
{
        _cleanup_json_ cJSON *o = j->fd >= 0 ? cJSON_ParseWithLength(line, length) : NULL;

        if (!o || !is_wanted(j->choice, o))
                return;
        length -= length > 0 && line[length - 1] == '\n';
        if (send_event(j->fd, path, o, line, length) < 0)
                j->skipped++;
        else
                tell_skipped(j, path);
}
