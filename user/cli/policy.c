/* SPDX-License-Identifier: Apache-2.0 */
/* holdfast policy check, apply, import, list and show; diff and test are in files of their own. */
#include "base/cleanup.h"
#include "base/json.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/exec_daemon.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/policy_import.h"
#include "cli/policy_source.h"
#include "cli/policy_test.h"

#include <string.h>

static int check(int argc, char **argv)
{
        static const struct usage usage = {
                .synopsis = "policy check FILE [--json]",
                .description = "Prints every error in a policy, each with its place. Needs no daemon.",
                .least = 1,
                .most = 1,
        };
        const char *socket = NULL;
        bool json = false;
        const struct option_row rows[] = { OPTIONS_COMMON(&json, &socket) };
        char **operands, *daemon[5] = { NULL };
        int status = options_parse(argc, argv, &usage, rows, &operands);

        if (status != OPTIONS_GO_ON)
                return status;
        daemon[1] = (char[]){ "--check-policy" };
        daemon[2] = operands[0];
        daemon[3] = json ? (char[]){ "--json" } : NULL;
        return exec_daemon(daemon);
}

static int apply(int argc, char **argv)
{
        static const struct usage usage = {
                .synopsis = "policy apply SESSION NAME|FILE [--json]",
                .description = "Replaces the policy of a session that runs, at once and as a whole.",
                .least = 2,
                .most = 2,
        };
        const char *socket = NULL;
        bool json = false;
        const struct option_row rows[] = { OPTIONS_COMMON(&json, &socket) };
        _cleanup_reply_ struct client_reply reply = { 0 };
        _cleanup_json_ cJSON *body = cJSON_CreateObject();
        _cleanup_free_ char *path = NULL;
        char **operands;
        int status = options_parse(argc, argv, &usage, rows, &operands);

        if (status != OPTIONS_GO_ON)
                return status;
        path = client_path("/v1/sessions/", operands[0], "/policy");
        status = path ? policy_source_add(body, operands[1]) : STATUS_FAILED;
        if (status == STATUS_DONE)
                status = client_ask(socket, "PUT", path, body, &reply);
        if (status == STATUS_DONE && json)
                return output_json(stdout, reply.json);
        output_unverified(reply.json);
        return status;
}

static int list(int argc, char **argv)
{
        static const struct usage usage = { .synopsis = "policy list [--json]", .description = "Lists the policies that have a name." };
        static const char *const columns[] = { "name", "path", "description", NULL };

        return command_list(argc, argv, &usage, "/v1/policies", columns);
}

static int show(int argc, char **argv)
{
        static const struct usage usage = {
                .synopsis = "policy show (NAME | --session SESSION)",
                .description = "Prints a policy by its name, or the one that a session is under.",
                .most = 1,
        };
        const char *socket = NULL, *session = NULL;
        bool json = false;
        const struct option_row rows[] = {
                { "session", 's', "SESSION", "the policy of a session", NULL, &session },
                OPTIONS_COMMON(&json, &socket),
        };
        _cleanup_reply_ struct client_reply reply = { 0 };
        _cleanup_free_ char *path = NULL;
        char **operands;
        int status = options_parse(argc, argv, &usage, rows, &operands);

        if (status != OPTIONS_GO_ON)
                return status;
        if (!!session == !!operands[0])
                return options_wrong(&usage, "expected either a name or --session");
        path = session ? client_path("/v1/sessions/", session, "/policy") : client_path("/v1/policies/", operands[0], "");
        status = path ? client_ask(socket, "GET", path, NULL, &reply) : STATUS_FAILED;
        if (status != STATUS_DONE)
                return status;
        fwrite(reply.body.data, 1, reply.body.length, stdout);
        if (reply.body.length && reply.body.data[reply.body.length - 1] != '\n')
                putchar('\n');
        return STATUS_DONE;
}

static const struct command commands[] = {
        { "check", "print every error in a file", check },
        { "apply", "replace the policy of a session", apply },
        { "import", "make one of another sandbox's settings", policy_import },
        { "list", "list the policies that have a name", list },
        { "show", "print a policy", show },
        { "diff", "tell what two policies say that is not the same", policy_diff },
        { "test", "tell what a policy would have said to a session on record", policy_test },
};

int command_policy(int argc, char **argv)
{
        return command_group("policy", commands, ARRAY_SIZE(commands), argc, argv);
}
