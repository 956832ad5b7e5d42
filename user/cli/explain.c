/* SPDX-License-Identifier: Apache-2.0 */
/* holdfast explain: whether something would be allowed, and why. */
#include "base/cleanup.h"
#include "base/json.h"
#include "cli/advice.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/exec_daemon.h"
#include "cli/explanation.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/target.h"

#include <string.h>

static const struct usage usage = {
        .synopsis = "explain (SESSION | --policy NAME|FILE [--workspace DIR]) RIGHT PATH|HOST:PORT[/udp] [--json]",
        .description =
                "Tells whether the kernel would allow it now, and why. RIGHT is some of rwxc with an absolute PATH, or connect with\n"
                "HOST:PORT. With --policy it is the policy that is asked, by names alone, and neither a session nor the daemon is "
                "needed.\n"
                "Exits with 0 when it is allowed, and with 3 when it is refused.",
        .least = 2,
        .most = 3,
};

struct explain {
        const char *policy, *workspace, *socket;
        bool json;
};

static int show(cJSON *answer, bool json)
{
        const char *verdict = json_get_string(answer, "verdict");
        int status;

        if (!verdict) {
                fputs("holdfast: the answer cannot be read\n", stderr);
                return STATUS_FAILED;
        }
        status = !strcmp(verdict, "allow") ? STATUS_DONE : STATUS_REFUSED;
        advice_add(answer);
        if (json)
                return output_json(stdout, answer) == STATUS_DONE ? status : STATUS_FAILED;
        explanation_print(stdout, answer);
        return status;
}

static int ask_session(const struct explain *o, char **operands)
{
        _cleanup_free_ char *query = target_query(operands[1], operands[2]), *path = NULL;
        _cleanup_reply_ struct client_reply reply = { 0 };
        _cleanup_free_ char *suffix = NULL;
        int status;

        if (!query || asprintf(&suffix, "/explain%s", query) < 0) {
                suffix = NULL;
                return STATUS_FAILED;
        }
        path = client_path("/v1/sessions/", operands[0], suffix);
        if (!path)
                return STATUS_FAILED;
        status = client_ask(o->socket, "GET", path, NULL, &reply);
        return status == STATUS_DONE ? show(reply.json, o->json) : status;
}

static int ask_policy(const struct explain *o, char **operands)
{
        char *argv[9] = { NULL, (char[]){ "--explain" }, (char *)o->policy }, workspace[] = "--workspace", end[] = "--";
        _cleanup_buffer_ struct buffer out = BUFFER_INIT;
        _cleanup_json_ cJSON *answer = NULL;
        int status, n = 3;

        if (o->workspace) {
                argv[n++] = workspace;
                argv[n++] = (char *)o->workspace;
        }
        argv[n++] = end;
        argv[n++] = operands[0];
        argv[n] = operands[1];
        status = exec_daemon_wait(argv, &out);
        if (status != STATUS_DONE && status != STATUS_REFUSED)
                return status;
        answer = cJSON_ParseWithLength(out.data ? out.data : "", out.length);
        return show(answer, o->json);
}

int command_explain(int argc, char **argv)
{
        struct explain o = { 0 };
        const struct option_row rows[] = {
                { "policy", 'p', "NAME|FILE", "ask a policy instead of a session", NULL, &o.policy },
                { "workspace", 'w', "DIR", "with --policy: its workspace (default: the current folder)", NULL, &o.workspace },
                OPTIONS_COMMON(&o.json, &o.socket),
        };
        const char *wrong;
        char **operands;
        int status = options_parse(argc, argv, &usage, rows, &operands), first;

        if (status != OPTIONS_GO_ON)
                return status;
        first = o.policy ? 0 : 1;
        if (!operands[first + 1])
                return options_wrong(&usage, "expected SESSION, RIGHT and what it is about");
        if (operands[first + 2])
                return options_wrong(&usage, "\"%s\" was not expected", operands[first + 2]);
        if (o.workspace && !o.policy)
                return options_wrong(&usage, "--workspace goes with --policy: a session has its own");
        wrong = target_wrong(operands[first], operands[first + 1]);
        if (wrong)
                return options_wrong(&usage, "%s", wrong);
        return o.policy ? ask_policy(&o, operands) : ask_session(&o, operands);
}
