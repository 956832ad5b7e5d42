/* SPDX-License-Identifier: Apache-2.0 */
/* holdfast kill and holdfast pause: set kill bits. */
#include "base/json.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/scope.h"

#include <string.h>

#define WAIT "60" /* seconds: as long as the API waits */

static const struct usage kill_usage = {
        .synopsis = "kill " SCOPE_SYNOPSIS "\n                     [--deny] [--reason TEXT] [--for DURATION] [--wait]",
        .description =
                "Refuses sessions everything at once, and ends their processes. With --deny they go on, and may do nothing.\n"
                "Of a capability: what it allows is refused, and what is open by it ends; the session goes on with the others.\n"
                "While the kill of an agent, a user or all stands, no session of theirs may begin. \"holdfast lift\" takes it back;\n"
                "what was ended stays ended.\n\n"
                "Who may: root and the roles operator and admin everything; every user their own sessions.\n"
                "When: one session that misbehaves: SESSION. A bad release: --agent NAME@VERSION. A leaked key: --capability, or the "
                "agent.\n"
                "A user whose account is stolen: --user. You do not know: --all --deny, then look, then lift what is well.\n"
                "--deny and \"holdfast pause\" can be taken back; the default cannot.\n"
                "Check after: \"holdfast kills\" (it stands), \"holdfast ps\" (whom it struck), \"holdfast tail\" (what was tried since).\n"
                "holdfast-kill(1) says more; share/holdfast/runbook.md is what to do at night.",
        .most = 1,
};

static const struct usage pause_usage = {
        .synopsis = "pause (SESSION | --agent NAME[@VERSION] | --user NAME | --all)\n                      [--reason TEXT] [--for "
                    "DURATION] [--wait]",
        .description =
                "Freezes sessions, until \"holdfast lift\". While an agent, a user or all are paused, no session of theirs may begin.",
        .most = 1,
};

struct request {
        struct scope scope;
        const char *reason, *duration, *socket;
        bool deny, wait, json;
};

static void print(const struct request *q, const cJSON *answer, const char *strength, const char *what)
{
        const double sessions = cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(answer, "sessions"));
        char number[32];

        printf("%s %s of ", strength, output_field(answer, "id", number));
        output_safe(what);
        if (!q->scope.all && !q->scope.agent && !q->scope.capability && !q->scope.user)
                printf(": in force after ");
        else
                printf(": it struck %.0f session%s, in force after ", sessions, sessions == 1 ? "" : "s");
        printf("%.3f ms\n", cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(answer, "took_ns")) / 1e6);
}

/* What is refused everything may still be there for a while: a process in uninterruptible sleep, for one. */
static int tell_done(const struct request *q, const cJSON *answer)
{
        if (!q->wait || cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(answer, "done")))
                return STATUS_DONE;
        fputs("holdfast: it was set, and something is still there: see \"holdfast ps\"\n", stderr);
        return STATUS_FAILED;
}

static int ask(const struct request *q, const char *session, const char *strength)
{
        _cleanup_json_ cJSON *body = cJSON_CreateObject();
        _cleanup_reply_ struct client_reply reply = { 0 };
        const struct scope *s = &q->scope;
        int status;

        scope_add(body, s, session);
        cJSON_AddStringToObject(body, "strength", strength);
        if (q->reason)
                json_add_text(body, "reason", q->reason);
        if (q->duration)
                json_add_text(body, "for", q->duration);
        status = client_ask(q->socket, "POST", q->wait ? "/v1/kills?wait=" WAIT : "/v1/kills", body, &reply);
        if (status != STATUS_DONE)
                return status;
        if (cJSON_IsFalse(cJSON_GetObjectItemCaseSensitive(reply.json, "stored")))
                fputs("holdfast: it is in force, but not on record: a restart of the host or of holdfastd may forget it\n", stderr);
        if (q->json) {
                status = output_json(stdout, reply.json);
                return status == STATUS_DONE ? tell_done(q, reply.json) : status;
        }
        print(q, reply.json, strength, s->capability ? s->capability : session ? session : s->agent ? s->agent : s->user ? s->user : "all");
        return tell_done(q, reply.json);
}

static int set(int argc, char **argv, const struct usage *usage, const struct option_row *rows, struct request *q, const char *strength)
{
        char **operands;
        int status = options_parse(argc, argv, usage, rows, &operands);

        if (status != OPTIONS_GO_ON)
                return status;
        if (scope_count(&q->scope, operands[0]) != 1)
                return options_wrong(usage, "expected one of a session, --agent, --capability, --user and --all");
        if (q->scope.capability && !strcmp(strength, "pause"))
                return options_wrong(usage, "a capability cannot be paused: kill it, or pause the session");
        return ask(q, operands[0], q->deny || q->scope.capability ? "deny" : strength);
}

int command_kill(int argc, char **argv)
{
        struct request q = { 0 };
        const struct option_row rows[] = {
                SCOPE_OPTIONS(&q.scope),
                { "deny", 0, NULL, "refuse everything, and end nothing", &q.deny, NULL },
                { "reason", 'r', "TEXT", "why; shown wherever something is refused for it", NULL, &q.reason },
                { "for", 0, "DURATION", "lift it by itself after so long: 30s, 15m, 2h, 1d", NULL, &q.duration },
                { "wait", 'w', NULL, "until no process is left, at most " WAIT " s", &q.wait, NULL },
                OPTIONS_COMMON(&q.json, &q.socket),
        };

        return set(argc, argv, &kill_usage, rows, &q, "kill");
}

int command_pause(int argc, char **argv)
{
        struct request q = { 0 };
        const struct option_row rows[] = {
                SCOPE_OPTIONS(&q.scope),
                { "reason", 'r', "TEXT", "why; shown wherever something is refused for it", NULL, &q.reason },
                { "for", 0, "DURATION", "lift it by itself after so long: 30s, 15m, 2h, 1d", NULL, &q.duration },
                { "wait", 'w', NULL, "until every process is frozen, at most " WAIT " s", &q.wait, NULL },
                OPTIONS_COMMON(&q.json, &q.socket),
        };

        return set(argc, argv, &pause_usage, rows, &q, "pause");
}
