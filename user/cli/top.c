/* SPDX-License-Identifier: Apache-2.0 */
/* holdfast top: what the sessions use of their limits, live. */
#include "base/cleanup.h"
#include "base/json.h"
#include "base/time.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/duration.h"
#include "cli/options.h"
#include "cli/output.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EVERY 2ull    /* s, unless said otherwise */
#define LATER_MS 500u /* before the one table of what is no terminal, for the share of the processors */
#define ROWS_BEFORE 2
#define CLEAR "\033[H\033[J"

static const struct usage usage = {
        .synopsis = "top [--every DURATION] [--once] [--json]",
        .description = "Shows what the sessions that you may see use, busiest first, of the limits that they have: \"USED/LIMIT\". Ends "
                       "with Ctrl-C. "
                       "--json, --once or no terminal: once.",
};

static const char *const columns[] = { "id",   "state", "agent", "user", "cpu",     "memory", "pids",
                                       "disk", "sent",  "wall",  "idle", "denials", NULL };

struct top {
        uint64_t at; /* ns of CLOCK_MONOTONIC: when before was asked for */
        cJSON *before;
};

static uint64_t member(const cJSON *session, const char *object, const char *name, bool *there)
{
        const cJSON *o = cJSON_GetObjectItemCaseSensitive(session, object);
        uint64_t value = 0;
        bool known = o && json_get_u64(o, name, &value) == 0;

        if (there)
                *there = known;
        return known ? value : 0;
}

/* Bytes as the policy writes sizes, with three digits or so. */
static void write_size(uint64_t bytes, char out[24])
{
        static const char units[] = "\0KMGT";
        double value = (double)bytes;
        int unit = 0;

        while (value >= 1000 && unit < 4) {
                value /= 1024;
                unit++;
        }
        snprintf(out, 24, unit && value < 10 ? "%.1f%c" : "%.0f%c", value, units[unit]);
}

static void write_time(uint64_t seconds, char out[24])
{
        const unsigned long long s = seconds;

        if (s < 60)
                snprintf(out, 24, "%llus", s);
        else if (s < 3600)
                snprintf(out, 24, "%llum%02llus", s / 60, s % 60);
        else
                snprintf(out, 24, "%lluh%02llum", s / 3600, s / 60 % 60);
}

static void write_number(uint64_t number, char out[24])
{
        snprintf(out, 24, "%llu", (unsigned long long)number);
}

static void add(cJSON *row, const char *column, const cJSON *session, const char *name, void (*write)(uint64_t value, char out[24]))
{
        char used[24], most[24], text[52];
        bool known, limited;
        uint64_t value = member(session, "use", name, &known), limit = member(session, "limits", name, &limited);

        if (!known)
                return;
        write(value, used);
        write(limit, most);
        snprintf(text, sizeof(text), limited ? "%s/%s" : "%s", used, most);
        cJSON_AddStringToObject(row, column, text);
}

static const cJSON *same(const cJSON *list, const char *id)
{
        const cJSON *item;

        cJSON_ArrayForEach (item, list)
                if (!strcmp(json_get_string(item, "id"), id))
                        return item;
        return NULL;
}

/* In percent of one core, between the two looks. */
static double share(const struct top *t, const cJSON *session, uint64_t passed)
{
        const char *id = json_get_string(session, "id");
        const cJSON *before = t->before && id ? same(t->before, id) : NULL;
        const uint64_t now = member(session, "use", "cpu", NULL), then = before ? member(before, "use", "cpu", NULL) : now;

        return passed && now > then ? (double)(now - then) * 100000 / (double)passed : 0;
}

static void add_share(cJSON *row, double percent, const cJSON *session)
{
        bool limited;
        const uint64_t limit = member(session, "limits", "cpu", &limited);
        char text[52];

        snprintf(text, sizeof(text), limited ? "%.0f%%/%llu%%" : "%.0f%%", percent, (unsigned long long)limit);
        cJSON_AddStringToObject(row, "cpu", text);
        cJSON_AddNumberToObject(row, "share", percent);
}

static cJSON *row_of(const struct top *t, const cJSON *session, uint64_t passed)
{
        static const char *const taken[] = { "id", "state", "agent", "user", "denials" };
        cJSON *row = cJSON_CreateObject();

        for (size_t i = 0; i < ARRAY_SIZE(taken); i++)
                cJSON_AddItemToObject(row, taken[i], cJSON_Duplicate(cJSON_GetObjectItemCaseSensitive(session, taken[i]), true));
        add_share(row, share(t, session, passed), session);
        add(row, "memory", session, "memory", write_size);
        add(row, "pids", session, "pids", write_number);
        add(row, "disk", session, "disk", write_size);
        add(row, "sent", session, "bytes_out", write_size);
        add(row, "wall", session, "wall", write_time);
        add(row, "idle", session, "idle", write_time);
        return row;
}

/* Puts a row behind all that are as busy. */
static void insert(cJSON *rows, cJSON *row)
{
        const double share = cJSON_GetObjectItemCaseSensitive(row, "share")->valuedouble;
        const cJSON *item;
        int at = 0;

        cJSON_ArrayForEach (item, rows) {
                if (cJSON_GetObjectItemCaseSensitive(item, "share")->valuedouble < share)
                        break;
                at++;
        }
        cJSON_InsertItemInArray(rows, at, row);
}

static void print(const struct top *t, const cJSON *sessions, uint64_t passed, bool terminal)
{
        cJSON *rows = cJSON_CreateArray();
        const cJSON *session;

        cJSON_ArrayForEach (session, sessions)
                insert(rows, row_of(t, session, passed));
        if (terminal)
                printf(CLEAR "%d session%s\n\n", cJSON_GetArraySize(rows), cJSON_GetArraySize(rows) == 1 ? "" : "s");
        output_table(rows, columns);
        fflush(stdout);
        cJSON_Delete(rows);
}

static int ask(const char *socket, struct client_reply *reply)
{
        int status = client_ask(socket, "GET", "/v1/sessions?state=live&use=true", NULL, reply);

        if (status != STATUS_DONE || cJSON_IsArray(reply->json))
                return status;
        fputs("holdfast: the daemon's answer has no list of sessions\n", stderr);
        return STATUS_FAILED;
}

/* One look; it becomes the one before. */
static int look(struct top *t, const char *socket, bool show, bool terminal)
{
        struct client_reply reply = { 0 };
        int status = ask(socket, &reply);
        const uint64_t now = time_now(CLOCK_MONOTONIC);

        if (status == STATUS_DONE && show)
                print(t, reply.json, t->at ? now - t->at : 0, terminal);
        cJSON_Delete(t->before);
        t->before = status == STATUS_DONE ? reply.json : NULL;
        t->at = now;
        if (status == STATUS_DONE)
                reply.json = NULL;
        client_reply_clear(&reply);
        return status;
}

int command_top(int argc, char **argv)
{
        const char *socket = NULL, *every = NULL;
        bool json = false, once = false, terminal = isatty(STDOUT_FILENO);
        const struct option_row rows[] = {
                { "every", 'd', "DURATION", "time between two looks (default: 2s)", NULL, &every },
                { "once", '1', NULL, "one look, and end", &once, NULL },
                OPTIONS_COMMON(&json, &socket),
        };
        _cleanup_reply_ struct client_reply reply = { 0 };
        uint64_t seconds = EVERY;
        struct top t = { 0 };
        char **operands;
        int status = options_parse(argc, argv, &usage, rows, &operands);

        if (status != OPTIONS_GO_ON)
                return status;
        if (every && duration_seconds(every, &seconds) < 0)
                return options_wrong(&usage, "--every %s: expected a duration such as 5s", every);
        if (json) {
                status = ask(socket, &reply);
                return status == STATUS_DONE ? output_json(stdout, reply.json) : status;
        }
        once |= !terminal;
        status = look(&t, socket, false, terminal);
        for (bool first = true; status == STATUS_DONE && (first || !once); first = false) {
                if (first)
                        usleep(LATER_MS * 1000);
                else
                        sleep((unsigned)seconds);
                status = look(&t, socket, true, terminal && !once);
        }
        cJSON_Delete(t.before);
        return status;
}
