/* SPDX-License-Identifier: Apache-2.0 */
/* holdfast token create, list and revoke. */
#include "base/cleanup.h"
#include "base/json.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/duration.h"
#include "cli/options.h"
#include "cli/output.h"

#include <string.h>

static int create(int argc, char **argv)
{
        static const struct usage usage = {
                .synopsis = "token create --role ROLE [--name NAME] [--for DURATION]",
                .description = "Makes a token for the API over TCP, and prints it: this once, for it is kept as a hash only.\n"
                               "ROLE is viewer, auditor, operator or admin; DURATION is a number and one of s, m, h and d. Without it the\n"
                               "token holds until it is revoked.",
        };
        const char *socket = NULL, *role = NULL, *name = NULL, *duration = NULL;
        bool json = false;
        const struct option_row rows[] = {
                { "role", 0, "ROLE", "what its holder may do", NULL, &role },
                { "name", 0, "NAME", "what events call it", NULL, &name },
                { "for", 0, "DURATION", "how long it holds: 90d, 12h, 30m", NULL, &duration },
                OPTIONS_COMMON(&json, &socket),
        };
        _cleanup_json_ cJSON *body = cJSON_CreateObject();
        _cleanup_reply_ struct client_reply reply = { 0 };
        const char *token;
        uint64_t seconds = 0;
        char **operands;
        int status = options_parse(argc, argv, &usage, rows, &operands);

        if (status != OPTIONS_GO_ON)
                return status;
        if (!role)
                return options_wrong(&usage, "expected --role");
        if (duration && duration_seconds(duration, &seconds) < 0)
                return options_wrong(&usage, "--for %s: expected a number and one of s, m, h and d, at most 3660d", duration);
        json_add_text(body, "role", role);
        if (name)
                json_add_text(body, "name", name);
        if (duration)
                json_add_u64(body, "seconds", seconds);
        status = client_ask(socket, "POST", "/v1/tokens", body, &reply);
        if (status != STATUS_DONE)
                return status;
        if (json)
                return output_json(stdout, reply.json);
        token = json_get_string(reply.json, "token");
        return token && puts(token) >= 0 ? STATUS_DONE : STATUS_FAILED;
}

static int list(int argc, char **argv)
{
        static const struct usage usage = { .synopsis = "token list [--json]", .description = "Lists the tokens, without their secrets." };
        static const char *const columns[] = { "id", "name", "role", "created", "expires", "creator", NULL };

        return command_list(argc, argv, &usage, "/v1/tokens", columns);
}

static int take_back(int argc, char **argv)
{
        static const struct usage usage = {
                .synopsis = "token revoke ID",
                .description = "Takes a token back, at once: what follows the events with it ends too.",
                .least = 1,
                .most = 1,
        };
        const char *socket = NULL;
        bool json = false;
        const struct option_row rows[] = { OPTIONS_COMMON(&json, &socket) };
        _cleanup_reply_ struct client_reply reply = { 0 };
        _cleanup_free_ char *path = NULL;
        char **operands;
        int status = options_parse(argc, argv, &usage, rows, &operands);

        if (status != OPTIONS_GO_ON)
                return status;
        path = client_path("/v1/tokens/", operands[0], "");
        status = path ? client_ask(socket, "DELETE", path, NULL, &reply) : STATUS_FAILED;
        if (status == STATUS_DONE && json)
                puts("{}");
        return status;
}

static const struct command commands[] = {
        { "create", "make a token, and print it once", create },
        { "list", "list the tokens", list },
        { "revoke", "take a token back", take_back },
};

int command_token(int argc, char **argv)
{
        return command_group("token", commands, ARRAY_SIZE(commands), argc, argv);
}
