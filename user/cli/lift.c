/* SPDX-License-Identifier: Apache-2.0 */
/* holdfast lift: takes kills back. */
#include "base/cleanup.h"
#include "base/json.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/scope.h"

static const struct usage usage = {
        .synopsis = "lift (SESSION | --agent NAME[@VERSION] | --capability NAME [SESSION] | --user NAME | --all | --id KILL)",
        .description = "Takes back every kill and pause of just that, or one kill by its id. What other kills ask for stays, and\n"
                       "processes that were ended stay ended. Who is not root lifts only what they set.",
        .most = 1,
};

int command_lift(int argc, char **argv)
{
        const char *socket = NULL, *id = NULL;
        struct scope scope = { 0 };
        bool json = false;
        const struct option_row rows[] = {
                SCOPE_OPTIONS(&scope),
                { "id", 0, "KILL", "one kill", NULL, &id },
                OPTIONS_COMMON(&json, &socket),
        };
        _cleanup_json_ cJSON *body = cJSON_CreateObject();
        _cleanup_reply_ struct client_reply reply = { 0 };
        _cleanup_free_ char *path = NULL;
        char **operands;
        int status = options_parse(argc, argv, &usage, rows, &operands);

        if (status != OPTIONS_GO_ON)
                return status;
        if (scope_count(&scope, operands[0]) + !!id != 1)
                return options_wrong(&usage, "expected one of a session, --agent, --capability, --user, --all and --id");
        scope_add(body, &scope, operands[0]);
        path = id ? client_path("/v1/kills/", id, "") : NULL;
        status = client_ask(socket, "DELETE", path ? path : "/v1/kills", id ? NULL : body, &reply);
        if (status == STATUS_DONE && json && reply.json)
                return output_json(stdout, reply.json);
        if (status == STATUS_DONE && json)
                puts("{}");
        return status;
}
