/* SPDX-License-Identifier: Apache-2.0 */
/* holdfast kill and holdfast pause: set kill bits. */
#include "base/json.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/options.h"
#include "cli/output.h"

static const struct usage kill_usage = {
        .synopsis = "kill (SESSION | --all) [--deny] [--reason TEXT]",
        .description = "Refuses a session everything at once, and ends its processes. With --deny they go on, and may do nothing.\n"
                       "While --all stands, no session may begin. \"holdfast lift\" takes it back; what was ended stays ended.",
        .most = 1,
};

static const struct usage pause_usage = {
        .synopsis = "pause (SESSION | --all) [--reason TEXT]",
        .description = "Freezes a session, until \"holdfast lift\".",
        .most = 1,
};

struct request {
        const char *reason, *socket;
        bool all, deny, json;
};

static int ask(const struct request *q, const char *session, const char *strength)
{
        _cleanup_json_ cJSON *body = cJSON_CreateObject();
        _cleanup_reply_ struct client_reply reply = { 0 };
        char number[32];
        int status;

        if (session)
                json_add_text(body, "session", session);
        else
                cJSON_AddTrueToObject(body, "all");
        cJSON_AddStringToObject(body, "strength", strength);
        if (q->reason)
                json_add_text(body, "reason", q->reason);
        status = client_ask(q->socket, "POST", "/v1/kills", body, &reply);
        if (status != STATUS_DONE)
                return status;
        if (cJSON_IsFalse(cJSON_GetObjectItemCaseSensitive(reply.json, "stored")))
                fputs("holdfast: it is in force, but not on record: a restart of the host forgets it\n", stderr);
        if (q->json)
                return output_json(stdout, reply.json);
        printf("%s %s of %s: in force after ", strength, output_field(reply.json, "id", number), session ? session : "all");
        printf("%.3f ms\n", cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(reply.json, "took_ns")) / 1e6);
        return STATUS_DONE;
}

static int set(int argc, char **argv, const struct usage *usage, const struct option_row *rows, struct request *q, const char *strength)
{
        char **operands;
        int status = options_parse(argc, argv, usage, rows, &operands);

        if (status != OPTIONS_GO_ON)
                return status;
        if (q->all == !!operands[0])
                return options_wrong(usage, "expected either a session or --all");
        return ask(q, operands[0], q->deny ? "deny" : strength);
}

int command_kill(int argc, char **argv)
{
        struct request q = { 0 };
        const struct option_row rows[] = {
                { "all", 0, NULL, "every session", &q.all, NULL },
                { "deny", 0, NULL, "refuse everything, and end nothing", &q.deny, NULL },
                { "reason", 'r', "TEXT", "why; shown wherever something is refused for it", NULL, &q.reason },
                OPTIONS_COMMON(&q.json, &q.socket),
        };

        return set(argc, argv, &kill_usage, rows, &q, "kill");
}

int command_pause(int argc, char **argv)
{
        struct request q = { 0 };
        const struct option_row rows[] = {
                { "all", 0, NULL, "every session", &q.all, NULL },
                { "reason", 'r', "TEXT", "why; shown wherever something is refused for it", NULL, &q.reason },
                OPTIONS_COMMON(&q.json, &q.socket),
        };

        return set(argc, argv, &pause_usage, rows, &q, "pause");
}
