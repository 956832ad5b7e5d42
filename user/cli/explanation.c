/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/explanation.h"

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/json.h"
#include "cli/output.h"

#include <string.h>

static bool is(const char *text, const char *other)
{
        return text && !strcmp(text, other);
}

/* A line of the answer: its heading and what it says, where there is something. */
static void line(FILE *to, const char *heading, const char *text)
{
        if (!text || !*text)
                return;
        fprintf(to, "  %-11s ", heading);
        output_safe_to(to, text);
        fputc('\n', to);
}

/* What it is about: a path, or an address. */
static void object(FILE *to, const cJSON *o)
{
        const char *path = json_get_string(o, "path"), *addr = json_get_string(o, "addr"), *proto = json_get_string(o, "proto"),
                   *host = json_get_string(o, "host"), *type = json_get_string(o, "type"), *limit = json_get_string(o, "limit");
        uint64_t port = 0;
        char number[32];

        json_get_u64(o, "port", &port);
        if (path) {
                output_safe_to(to, path);
        } else if (host) {
                output_safe_to(to, host);
                if (port)
                        fprintf(to, ":%s/%s", output_field(o, "port", number), proto ? proto : "tcp");
                if (type)
                        fprintf(to, " %s", type);
        } else if (addr && port) {
                fprintf(to, strchr(addr, ':') ? "[%s]:%s" : "%s:%s", addr, output_field(o, "port", number));
                if (proto)
                        fprintf(to, "/%s", proto);
        } else if (limit) {
                output_safe_to(to, limit);
        } else if (cJSON_GetObjectItemCaseSensitive(o, "detail")) {
                output_safe_to(to, output_field(o, "detail", number));
        }
}

static void loosen(FILE *to, const cJSON *o)
{
        const cJSON *rule = json_get_object(o, "loosen");
        _cleanup_buffer_ struct buffer text = BUFFER_INIT;

        if (rule && json_print(&text, rule, SIZE_MAX / 2) == 0)
                line(to, "to allow", text.data);
        line(to, rule ? "" : "advice", json_get_string(o, "advice"));
}

static void decided_by(FILE *to, const cJSON *o)
{
        const char *layer = json_get_string(o, "layer");

        line(to, "because", json_get_string(o, "reason"));
        line(to, "ceiling", layer && !is(layer, "policy") ? layer : NULL);
        line(to, "capability", json_get_string(o, "capability"));
        line(to, "rule", json_get_string(o, "rule"));
        line(to, "hint", json_get_string(o, "hint"));
}

/* Where the path led, and what is worth knowing about it. */
static void looked_at(FILE *to, const cJSON *o)
{
        const char *path = json_get_string(o, "path"), *asked = json_get_string(o, "asked");
        bool exists = true, way = false;

        if (!path)
                return;
        json_get_bool(o, "exists", &exists);
        json_get_bool(o, "way", &way);
        if (asked && !is(asked, path))
                line(to, "asked for", asked);
        if (!exists)
                line(to, "note", "it does not exist yet");
        if (way && exists && strchr(json_get_string(o, "right") ? json_get_string(o, "right") : "", 'w'))
                line(to, "note", "something below it is denied: it cannot be moved, removed or replaced");
}

void explanation_print(FILE *to, const cJSON *o)
{
        const char *right = json_get_string(o, "right"), *refused = json_get_string(o, "refused");
        bool tls = false;

        fprintf(to, "%s %s ", is(json_get_string(o, "verdict"), "allow") ? "allowed:" : "refused:",
                refused ? refused
                : right ? right
                        : "?");
        object(to, o);
        fputc('\n', to);
        decided_by(to, o);
        looked_at(to, o);
        if (json_get_bool(o, "tls", &tls) == 0 && tls)
                line(to, "note", "the connection has to begin with a TLS hello to that name");
        loosen(to, o);
}

/* What was tried, in words. */
static const char *verb(const cJSON *o)
{
        static const struct {
                const char *op, *words;
        } verbs[] = {
                { "create", "make" },
                { "mkdir", "make the folder" },
                { "unlink", "remove" },
                { "rmdir", "remove the folder" },
                { "symlink", "make a symlink at" },
                { "link", "link" },
                { "rename", "rename" },
                { "setattr", "change the metadata of" },
                { "xattr", "change the attributes of" },
                { "exec", "run" },
                { "map", "map" },
                { "unix", "connect to" },
                { "connect", "connect to" },
                { "send", "send to" },
                { "query", "look up" },
                { "hello", "begin TLS with" },
                { "read", "read" },
                { "write", "write" },
                { "revoke", "go on using its mapping of" },
        };
        const char *op = json_get_string(o, "op"), *right = json_get_string(o, "right");

        if (json_get_string(o, "limit"))
                return "use more than it may of";
        for (size_t i = 0; op && i < ARRAY_SIZE(verbs); i++)
                if (!strcmp(verbs[i].op, op))
                        return verbs[i].words;
        if (!is(op, "open"))
                return NULL;
        return is(right, "r") ? "read" : is(right, "w") ? "write" : is(right, "x") ? "run" : "read and write";
}

void refusal_print(FILE *to, const cJSON *o)
{
        const char *time = json_get_string(o, "time"), *session = json_get_string(o, "session"), *comm = json_get_string(o, "comm");
        const char *action = json_get_string(o, "action"), *words = verb(o), *op = json_get_string(o, "op"),
                   *right = json_get_string(o, "right");
        char number[32];

        /* To the second. */
        fprintf(to, "%.10s %.8s  %s  ", time && strlen(time) >= 19 ? time : "?", time && strlen(time) >= 19 ? time + 11 : "",
                session ? session : "-");
        output_safe_to(to, comm ? comm : "somebody");
        if (cJSON_HasObjectItem(o, "pid"))
                fprintf(to, "[%s]", output_field(o, "pid", number));
        fprintf(to, " tried to %s%s ", words ? words : "use ", words ? "" : op ? op : "the daemon");
        object(to, o);
        if (right && strspn(right, "rwxc") == strlen(right))
                fprintf(to, " (%s)", right);
        if (cJSON_HasObjectItem(o, "seq"))
                fprintf(to, "  #%s", output_field(o, "seq", number));
        fputs("\n", to);
        decided_by(to, o);
        if (is(op, "hello"))
                line(to, "hello", json_get_string(o, "detail"));
        if (action)
                line(to, "done", is(action, "pause") ? "the session was paused" : "the process was killed");
        loosen(to, o);
}
