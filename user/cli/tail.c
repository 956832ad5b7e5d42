/* SPDX-License-Identifier: Apache-2.0 */
/* holdfast tail: the events, as they happen. */
#include "base/cleanup.h"
#include "base/json.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/event_line.h"
#include "cli/options.h"

#include <curl/curl.h>
#include <string.h>

#define LAST 10 /* events from before that are shown when nothing else is asked for */

static const struct usage usage = {
        .synopsis = "tail [SESSION] [--since SEQ] [--kind KIND] [--no-follow] [--json]",
        .description =
                "Shows the events of a session, or of all that you may see, and follows them. With --json it prints the lines of the\n"
                "audit stream as they are. Without SESSION and --since it begins with the last ten.",
        .most = 1,
};

struct tail {
        const char *since, *kind, *socket;
        bool json, no_follow, follow, colour;
};

static int print_line(void *context, const char *line, size_t length)
{
        const struct tail *o = context;

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
        return fflush(stdout) != 0; /* whoever reads has gone */
}

/* Where to begin when nobody says: a few events back. */
static int recent(const char *socket, char since[32])
{
        _cleanup_reply_ struct client_reply reply = { 0 };
        int status = client_ask(socket, "GET", "/v1/health", NULL, &reply);
        uint64_t seq = 0;

        if (status != STATUS_DONE)
                return status;
        json_get_u64(reply.json, "seq", &seq);
        snprintf(since, 32, "%llu", (unsigned long long)(seq > LAST ? seq - LAST : 0));
        return STATUS_DONE;
}

static char *query(const struct tail *o, const char *session, const char *since)
{
        char *a = curl_easy_escape(NULL, session ? session : "", 0), *b = curl_easy_escape(NULL, o->kind ? o->kind : "", 0);
        char *c = curl_easy_escape(NULL, since, 0), *path = NULL;

        if (!a || !b || !c ||
            asprintf(&path, "/v1/events?since=%s&follow=%d%s%s%s%s", c, !o->no_follow, session ? "&session=" : "", a,
                     o->kind ? "&kind=" : "", b) < 0)
                path = NULL;
        curl_free(a);
        curl_free(b);
        curl_free(c);
        return path;
}

int command_tail(int argc, char **argv)
{
        struct tail o = { .colour = isatty(STDOUT_FILENO) && !getenv("NO_COLOR") };
        const struct option_row rows[] = {
                { "since", 's', "SEQ", "events after this number; 0: all", NULL, &o.since },
                { "kind", 'k', "KIND", "only of this kind: file, exec, connect, guard, session, kill, ...", NULL, &o.kind },
                { "follow", 'f', NULL, "go on with what happens (as it does anyway)", &o.follow, NULL },
                { "no-follow", 0, NULL, "stop at the last event there is", &o.no_follow, NULL },
                OPTIONS_COMMON(&o.json, &o.socket),
        };
        _cleanup_free_ char *path = NULL;
        char since[32] = "0", **operands;
        int status = options_parse(argc, argv, &usage, rows, &operands);

        if (status != OPTIONS_GO_ON)
                return status;
        if (!o.since && !operands[0] && !o.no_follow) {
                status = recent(o.socket, since);
                if (status != STATUS_DONE)
                        return status;
        }
        path = query(&o, operands[0], o.since ? o.since : since);
        return path ? client_follow(o.socket, path, print_line, &o) : STATUS_FAILED;
}
