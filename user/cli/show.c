/* SPDX-License-Identifier: Apache-2.0 */
/* holdfast show: one session in full. */
#include "base/cleanup.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/options.h"
#include "cli/output.h"

static const struct usage usage = {
        .synopsis = "show SESSION [--json]",
        .description = "Shows a session. SESSION is an id, the beginning of one, or a name.",
        .least = 1,
        .most = 1,
};

int command_show(int argc, char **argv)
{
        const char *socket = NULL;
        bool json = false;
        const struct option_row rows[] = { OPTIONS_COMMON(&json, &socket) };
        _cleanup_reply_ struct client_reply reply = { 0 };
        _cleanup_free_ char *path = NULL;
        char **operands;
        int status = options_parse(argc, argv, &usage, rows, &operands);

        if (status != OPTIONS_GO_ON)
                return status;
        path = client_path("/v1/sessions/", operands[0], "?use=true");
        if (!path)
                return STATUS_FAILED;
        status = client_ask(socket, "GET", path, NULL, &reply);
        if (status != STATUS_DONE)
                return status;
        if (json)
                return output_json(stdout, reply.json);
        output_fields(reply.json);
        return STATUS_DONE;
}
