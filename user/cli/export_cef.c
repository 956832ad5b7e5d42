/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/export.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "base/time.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

/* Members, and the extension keys they become. */
static const struct {
        const char *member, *key, *label;
} fields[] = {
        { "verdict", "act", NULL }, { "reason", "reason", NULL },    { "user", "suser", NULL },     { "uid", "suid", NULL },
        { "pid", "spid", NULL },    { "comm", "sproc", NULL },       { "path", "filePath", NULL },  { "host", "dhost", NULL },
        { "port", "dpt", NULL },    { "proto", "proto", NULL },      { "local_port", "spt", NULL }, { "sent", "out", NULL },
        { "received", "in", NULL }, { "session", "cs1", "session" }, { "agent", "cs2", "agent" },   { "capability", "cs3", "capability" },
        { "rule", "cs4", "rule" },  { "why", "cs5", "why" },         { "hash", "cs6", "hash" },     { "count", "cnt", NULL },
};

static int put(struct buffer *out, const char *text)
{
        return buffer_append(out, text, strlen(text));
}

/* Text as the header ("|" and "\" escaped) or the extension ("=" and "\") has it; both are one line. */
static int put_escaped(struct buffer *out, const char *text, char special)
{
        int r = 0;

        for (; *text && r == 0; text++) {
                const char pair[3] = { '\\', *text == '\n' ? 'n' : *text == '\r' ? 'r' : *text, '\0' };
                const bool escape = *text == '\\' || *text == special || *text == '\n' || *text == '\r';

                r = escape ? put(out, pair) : buffer_append(out, text, 1);
        }
        return r;
}

static int put_field(struct buffer *out, const char *key, const char *value)
{
        int r = out->data[out->length - 1] == '|' ? 0 : put(out, " ");

        if (r == 0)
                r = put(out, key);
        if (r == 0)
                r = put(out, "=");
        return r < 0 ? r : put_escaped(out, value, '=');
}

/* A member as text: a string, or a whole number. NULL: there is none, or an empty one. */
static const char *member_text(const cJSON *event, const char *name, char number[32])
{
        const char *text = json_get_string(event, name);
        uint64_t n;

        if (text)
                return *text ? text : NULL;
        if (json_get_u64(event, name, &n) < 0)
                return NULL;
        snprintf(number, 32, "%" PRIu64, n);
        return number;
}

static int put_fields(struct buffer *out, const cJSON *event)
{
        char number[32], label[16];
        int r = 0;

        for (size_t i = 0; i < ARRAY_SIZE(fields) && r == 0; i++) {
                const char *text = member_text(event, fields[i].member, number);

                if (!text)
                        continue;
                r = put_field(out, fields[i].key, text);
                if (r < 0 || !fields[i].label)
                        continue;
                snprintf(label, sizeof(label), "%sLabel", fields[i].key);
                r = put_field(out, label, fields[i].label);
        }
        return r;
}

static int put_address(struct buffer *out, const cJSON *event)
{
        const char *addr = json_get_string(event, "addr");
        int r;

        if (!addr)
                return 0;
        if (!strchr(addr, ':'))
                return put_field(out, "dst", addr);
        r = put_field(out, "c6a3", addr);
        return r < 0 ? r : put_field(out, "c6a3Label", "Destination IPv6 Address");
}

static int severity(const char *kind, bool denied)
{
        return !strcmp(kind, "kill") ? 8 : !strcmp(kind, "lost") ? 7 : denied ? 6 : 2;
}

/* CEF:0|vendor|product|version|what it is, for programs|and for people|severity| */
static int put_header(struct buffer *out, const char *kind, const char *op, const char *verdict)
{
        const bool denied = verdict && !strcmp(verdict, "deny");
        char end[32];
        int r = put(out, "CEF:0|holdfast|holdfast|" HOLDFAST_VERSION "|");

        for (int i = 0; i < 2 && r == 0; i++) {
                r = put_escaped(out, kind, '|');
                if (r == 0 && op)
                        r = put(out, i ? " " : ".");
                if (r == 0 && op)
                        r = put_escaped(out, op, '|');
                if (r == 0 && i && denied)
                        r = put(out, " denied");
                if (r == 0)
                        r = put(out, "|");
        }
        snprintf(end, sizeof(end), "%d|", severity(kind, denied));
        return r < 0 ? r : put(out, end);
}

int export_cef(struct buffer *out, const cJSON *event, const char *host)
{
        const char *kind = json_get_string(event, "kind"), *time = json_get_string(event, "time");
        char number[32], seq[32];
        const char *id = member_text(event, "seq", seq);
        uint64_t ns;
        int r;

        if (!kind || !id || !time || time_parse(time, &ns) < 0)
                return -EINVAL;
        r = put_header(out, kind, json_get_string(event, "op"), json_get_string(event, "verdict"));
        snprintf(number, sizeof(number), "%" PRIu64, ns / 1000000);
        if (r == 0)
                r = put_field(out, "rt", number);
        if (r == 0)
                r = put_field(out, "externalId", id);
        if (r == 0)
                r = put_field(out, "dvchost", host);
        if (r == 0)
                r = put_address(out, event);
        if (r == 0)
                r = put_fields(out, event);
        return r < 0 ? r : put(out, "\n");
}
