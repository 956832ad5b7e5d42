/* SPDX-License-Identifier: Apache-2.0 */
/* holdfast why: the last refusals, each with its reason and what would have allowed it. */
#include "base/cleanup.h"
#include "base/json.h"
#include "cli/advice.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/explanation.h"
#include "cli/options.h"
#include "cli/output.h"

#include <curl/curl.h>
#include <string.h>

#define COUNT 10       /* refusals that are shown when nothing else is asked for */
#define COUNT_MAX 1000 /* and at most */
#define SPAN 2000      /* events that are looked through at first */

static const struct usage usage = {
        .synopsis = "why [SESSION] [-n COUNT] [--hook] [--json]",
        .description =
                "Tells of the last refusals, of a session or of all that you may see, what was tried, why it was refused, by which rule,\n"
                "and what would allow it; the newest last. Within a session: its own last 8. --hook is for the hooks of Claude Code and\n"
                "Codex: it puts what was refused since it was called last before the model.",
        .most = 1,
};

/* The last refusals that were read: a ring, from at on. */
struct recent {
        cJSON *list[COUNT_MAX];
        size_t room, count, at;
};

static void recent_clear(struct recent *r)
{
        for (size_t i = 0; i < COUNT_MAX; i++) {
                cJSON_Delete(r->list[i]);
                r->list[i] = NULL;
        }
        r->count = r->at = 0;
}

static int keep(void *context, const char *line, size_t length)
{
        struct recent *r = context;
        cJSON *event = memmem(line, length, "\"deny\"", 6) ? cJSON_ParseWithLength(line, length) : NULL;
        const char *verdict = json_get_string(event, "verdict");

        if (!verdict || strcmp(verdict, "deny") != 0) {
                cJSON_Delete(event);
                return 0;
        }
        cJSON_Delete(r->list[r->at]);
        r->list[r->at] = event;
        r->at = (r->at + 1) % r->room;
        r->count += r->count < r->room;
        return 0;
}

static int read_since(const char *socket, const char *session, uint64_t since, struct recent *r)
{
        char *escaped = curl_easy_escape(NULL, session ? session : "", 0);
        _cleanup_free_ char *path = NULL;

        if (!escaped || asprintf(&path, "/v1/events?since=%llu%s%s", (unsigned long long)since, session ? "&session=" : "", escaped) < 0)
                path = NULL;
        curl_free(escaped);
        return path ? client_follow(socket, path, keep, r, NULL) : STATUS_FAILED;
}

/* Within a session: what the daemon keeps for it. fresh: only what it was not told as that before. quiet: nothing is said on stderr. */
static int read_own(const char *socket, bool fresh, bool quiet, struct recent *r)
{
        _cleanup_reply_ struct client_reply reply = { .quiet = quiet };
        int status = client_ask(socket, "GET", fresh ? "/v1/why?new=true" : "/v1/why", NULL, &reply);
        cJSON *list = status == STATUS_DONE ? cJSON_DetachItemFromObjectCaseSensitive(reply.json, "refusals") : NULL;
        int n = cJSON_GetArraySize(list);

        for (int i = n > (int)r->room ? n - (int)r->room : 0; n > 0 && i < n; i++)
                r->list[r->count++] = cJSON_Duplicate(cJSON_GetArrayItem(list, i), true);
        r->at = r->count % r->room;
        cJSON_Delete(list);
        return status;
}

/* Whether the daemon says that this process is in a session. */
static bool is_within(const char *socket)
{
        _cleanup_reply_ struct client_reply reply = { .quiet = true };
        const char *type;

        client_ask(socket, "GET", "/v1/health", NULL, &reply);
        type = json_get_string(reply.json, "type");
        return reply.status == 403 && type && !strcmp(type, "urn:holdfast:agent");
}

/* Looks back, each time farther, until enough were found or the stream has no more. */
static int read_back(const char *socket, const char *session, struct recent *r)
{
        _cleanup_reply_ struct client_reply health = { 0 };
        int status = client_ask(socket, "GET", "/v1/health", NULL, &health);
        uint64_t seq = 0;

        if (status != STATUS_DONE)
                return status;
        json_get_u64(health.json, "seq", &seq);
        for (uint64_t span = SPAN;; span *= 10) {
                uint64_t since = seq > span ? seq - span : 0;

                recent_clear(r);
                status = read_since(socket, session, since, r);
                if (status != STATUS_DONE || r->count == r->room || !since)
                        return status;
        }
}

static int show(struct recent *r, bool json)
{
        _cleanup_json_ cJSON *list = cJSON_CreateArray();

        for (size_t i = 0; i < r->count; i++) {
                size_t at = (r->at + r->room - r->count + i) % r->room;

                advice_add(r->list[at]);
                if (!json)
                        refusal_print(stdout, r->list[at]);
                else if (cJSON_AddItemToArray(list, r->list[at]))
                        r->list[at] = NULL;
        }
        if (json)
                return output_json(stdout, list);
        if (!r->count)
                fputs("holdfast: nothing was refused\n", stderr);
        return STATUS_DONE;
}

/* A line about it: for the model, which reads what it did and what to do instead. */
static int add_line(struct buffer *text, const cJSON *refusal)
{
        const char *comm = json_get_string(refusal, "comm"), *op = json_get_string(refusal, "op"), *path = json_get_string(refusal, "path"),
                   *host = json_get_string(refusal, "host"), *addr = json_get_string(refusal, "addr"),
                   *reason = json_get_string(refusal, "reason"), *hint = json_get_string(refusal, "hint");

        return buffer_print(text, "- %s: %s %s: %s%s%s\n", comm ? comm : "a program", op ? op : "use",
                            path   ? path
                            : host ? host
                            : addr ? addr
                                   : "",
                            reason ? reason : "refused", hint ? ". " : "", hint ? hint : "");
}

/*
 * As Claude Code and Codex take it from a hook. Nothing was refused, or nobody can be asked: nothing is printed, and the agent goes on.
 * What the hook is called for is on standard input, which is read so that the agent can write it.
 */
static int hook(const char *socket, struct recent *r)
{
        _cleanup_buffer_ struct buffer text = BUFFER_INIT, input = BUFFER_INIT;
        _cleanup_json_ cJSON *o = cJSON_CreateObject(), *call = NULL;
        const char *event;
        cJSON *output;

        if (buffer_read(&input, STDIN_FILENO) < 0 || read_own(socket, true, true, r) != STATUS_DONE || !r->count)
                return STATUS_DONE;
        call = cJSON_ParseWithLength(input.data ? input.data : "", input.length);
        event = json_get_string(call, "hook_event_name");
        buffer_print(&text, "holdfast, which confines this session, has refused:\n");
        for (size_t i = 0; i < r->count; i++)
                add_line(&text, r->list[i]);
        buffer_print(&text,
                     "This is the session's policy, not a fault to work around. If it is needed for the task, ask the user to allow it.");
        output = cJSON_AddObjectToObject(o, "hookSpecificOutput");
        json_add_text(output, "hookEventName", event ? event : "PostToolUse");
        json_add_text(output, "additionalContext", text.data ? text.data : "");
        return output_json(stdout, o);
}

int command_why(int argc, char **argv)
{
        const char *socket = NULL, *count = NULL;
        bool json = false, as_hook = false;
        const struct option_row rows[] = {
                { "count", 'n', "COUNT", "how many (default: 10)", NULL, &count },
                { "hook", 0, NULL, "what is new, as a hook of an agent prints it", &as_hook, NULL },
                OPTIONS_COMMON(&json, &socket),
        };
        static struct recent recent;
        char **operands, *end;
        int status = options_parse(argc, argv, &usage, rows, &operands);

        if (status != OPTIONS_GO_ON)
                return status;
        recent.room = count ? strtoul(count, &end, 10) : COUNT;
        if (count && (*end || strspn(count, "0123456789") != strlen(count) || recent.room < 1 || recent.room > COUNT_MAX))
                return options_wrong(&usage, "expected a number from 1 to %d, not \"%s\"", COUNT_MAX, count);
        if (as_hook)
                status = hook(socket, &recent);
        else if (!operands[0] && is_within(socket))
                status = read_own(socket, false, false, &recent);
        else
                status = read_back(socket, operands[0], &recent);
        if (status == STATUS_DONE && !as_hook)
                status = show(&recent, json);
        recent_clear(&recent);
        return status;
}
