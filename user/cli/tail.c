/* SPDX-License-Identifier: Apache-2.0 */
/* holdfast tail: the events, as they happen. */
#include "base/cleanup.h"
#include "base/json.h"
#include "base/time.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/duration.h"
#include "cli/event_line.h"
#include "cli/options.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LAST 10              /* events from before that are shown when nothing else is asked for */
#define RETRY_NSEC 500000000 /* between two looks for a daemon */

static const struct usage usage = {
        .synopsis = "tail [SESSION] [--since SEQ|TIME|DURATION] [--kind KIND[,KIND]...] [--verdict VERDICT]\n"
                    "            [--capability NAME] [--no-follow] [--json]",
        .description =
                "Shows the events of a session, or of all that you may see, and follows them, also over a restart of the daemon. With\n"
                "--json it prints the lines of the audit stream as they are. Without SESSION and --since it begins with the last ten.",
        .most = 1,
};

struct tail {
        const char *since, *kind, *verdict, *capability, *socket, *session;
        bool json, no_follow, follow, colour;
        char from[TIME_TEXT_SIZE]; /* only what happened then or later; "": all */
        uint64_t seq;              /* the last event that was shown, or where to begin */
        bool ended;                /* whoever reads has gone */
};

/* The number that a line begins with: {"seq":N, ...; 0: none. */
static uint64_t line_number(const char *line, size_t length)
{
        static const char start[] = "{\"seq\":";

        return length > sizeof(start) && !strncmp(line, start, sizeof(start) - 1) ? strtoull(line + sizeof(start) - 1, NULL, 10) : 0;
}

static int print_line(void *context, const char *line, size_t length)
{
        struct tail *o = context;
        uint64_t seq = line_number(line, length);

        o->seq = seq ? seq : o->seq;
        if (o->json) {
                fwrite(line, 1, length, stdout);
                putchar('\n');
        } else {
                _cleanup_json_ cJSON *event = cJSON_ParseWithLength(line, length);
                const char *kind = json_get_string(event, "kind");

                /* A signature tells people nothing, unless they ask for it. */
                if (o->kind || !kind || strcmp(kind, "checkpoint") != 0)
                        event_line(event, o->colour);
        }
        o->ended = fflush(stdout) != 0;
        return o->ended;
}

/* Where to begin when nobody says: a few events back. */
static int recent(const char *socket, uint64_t *since)
{
        _cleanup_reply_ struct client_reply reply = { 0 };
        int status = client_ask(socket, "GET", "/v1/health", NULL, &reply);
        uint64_t seq = 0;

        if (status != STATUS_DONE)
                return status;
        json_get_u64(reply.json, "seq", &seq);
        *since = seq > LAST ? seq - LAST : 0;
        return STATUS_DONE;
}

/* Reads --since: a number, a time, or how long ago. */
static int read_since(struct tail *o)
{
        uint64_t when, ago;
        char *end;

        errno = 0;
        o->seq = strtoull(o->since, &end, 10);
        if (*o->since >= '0' && *o->since <= '9' && !*end && !errno)
                return 0;
        o->seq = 0;
        if (duration_seconds(o->since, &ago) == 0)
                when = time_now(CLOCK_REALTIME) - ago * 1000000000ull;
        else if (time_parse(o->since, &when) < 0)
                return -EINVAL;
        time_format(when, o->from);
        return 0;
}

/* Adds "&name=value" to the path; false: no memory. */
static bool add(char **path, const char *name, const char *value)
{
        char *escaped = value && *value ? curl_easy_escape(NULL, value, 0) : NULL, *longer = NULL;
        int n = escaped ? asprintf(&longer, "%s&%s=%s", *path, name, escaped) : -1;

        curl_free(escaped);
        if (!value || !*value)
                return true;
        if (n < 0)
                return false;
        free(*path);
        *path = longer;
        return true;
}

static char *query(const struct tail *o)
{
        _cleanup_free_ char *path = NULL;

        if (asprintf(&path, "/v1/events?since=%llu&follow=%d", (unsigned long long)o->seq, !o->no_follow) < 0) {
                path = NULL;
                return NULL;
        }
        if (!add(&path, "session", o->session) || !add(&path, "kind", o->kind) || !add(&path, "verdict", o->verdict) ||
            !add(&path, "capability", o->capability) || !add(&path, "from", o->from))
                return NULL;
        return TAKE_PTR(path);
}

static int show(struct tail *o, bool *began)
{
        _cleanup_free_ char *path = query(o);

        *began = false;
        return path ? client_follow(o->socket, path, print_line, o, began) : STATUS_FAILED;
}

/* Waits until a daemon is there again. */
static int wait_for_daemon(const char *socket)
{
        const struct timespec pause = { 0, RETRY_NSEC };
        bool said = false;
        int r;

        do {
                nanosleep(&pause, NULL);
                r = client_reaches(socket);
                if (r == 0 && !said)
                        fputs("holdfast: holdfastd has gone; waiting for it to come back\n", stderr);
                said = true;
        } while (r == 0);
        if (r < 0)
                fprintf(stderr, "holdfast: holdfastd cannot be reached any more: %s\n", strerror(-r));
        return r < 0 ? STATUS_FAILED : STATUS_DONE;
}

/* Follows, and goes on after the last event that was shown when the daemon is restarted. */
static int follow(struct tail *o)
{
        bool began;
        int status = show(o, &began);

        while (began && !o->ended && !o->no_follow) {
                status = wait_for_daemon(o->socket);
                if (status != STATUS_DONE)
                        return status;
                status = show(o, &began);
        }
        return status;
}

int command_tail(int argc, char **argv)
{
        struct tail o = { .colour = isatty(STDOUT_FILENO) && !getenv("NO_COLOR") };
        const struct option_row rows[] = {
                { "since", 's', "SEQ|TIME|DURATION", "events after this number (0: all), since this time, or of the last 10m", NULL,
                  &o.since },
                { "kind", 'k', "KIND", "only of this kind: file, exec, connect, guard, session, kill, ...; several with commas", NULL,
                  &o.kind },
                { "verdict", 0, "VERDICT", "only with this verdict: allow or deny", NULL, &o.verdict },
                { "capability", 'c', "NAME", "only what this capability decided; none: no rule did", NULL, &o.capability },
                { "follow", 'f', NULL, "go on with what happens (as it does anyway)", &o.follow, NULL },
                { "no-follow", 0, NULL, "stop at the last event there is", &o.no_follow, NULL },
                OPTIONS_COMMON(&o.json, &o.socket),
        };
        char **operands;
        int status = options_parse(argc, argv, &usage, rows, &operands);

        if (status != OPTIONS_GO_ON)
                return status;
        o.session = operands[0];
        if (o.since && read_since(&o) < 0)
                return options_wrong(&usage,
                                     "--since: expected the number of an event, a time such as 2026-01-02T03:04:05Z or a duration "
                                     "such as 10m, not \"%s\"",
                                     o.since);
        if (o.verdict && strcmp(o.verdict, "allow") != 0 && strcmp(o.verdict, "deny") != 0)
                return options_wrong(&usage, "--verdict: expected allow or deny, not \"%s\"", o.verdict);
        if (!o.since && !o.session && !o.no_follow) {
                status = recent(o.socket, &o.seq);
                if (status != STATUS_DONE)
                        return status;
        }
        return follow(&o);
}
