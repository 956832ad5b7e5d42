/* SPDX-License-Identifier: Apache-2.0 */
/* holdfast lift: takes kills back. */
#include "base/cleanup.h"
#include "base/json.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/options.h"
#include "cli/output.h"

static const struct usage usage = {
        .synopsis = "lift (SESSION | --all | --id KILL)",
        .description =
                "Takes back every kill and pause of a session, or of all, or one kill by its id. Processes that were ended stay ended.\n"
                "Who is not root lifts only what they set.",
        .most = 1,
};

int command_lift(int argc, char **argv)
{
        const char *socket = NULL, *id = NULL;
        bool json = false, all = false;
        const struct option_row rows[] = {
                { "all", 0, NULL, "the kills of everything at once", &all, NULL },
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
        if (all + !!id + !!operands[0] != 1)
                return options_wrong(&usage, "expected a session, --all or --id");
        if (operands[0])
                json_add_text(body, "session", operands[0]);
        else if (all)
                cJSON_AddTrueToObject(body, "all");
        path = id ? client_path("/v1/kills/", id, "") : NULL;
        status = client_ask(socket, "DELETE", path ? path : "/v1/kills", id ? NULL : body, &reply);
        if (status == STATUS_DONE && json && reply.json)
                return output_json(stdout, reply.json);
        if (status == STATUS_DONE && json)
                puts("{}");
        return status;
}
