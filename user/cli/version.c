/* SPDX-License-Identifier: Apache-2.0 */
/* holdfast version. */
#include "cli/command.h"
#include "cli/options.h"

#include <stdio.h>

static const struct usage usage = { .synopsis = "version [--json]", .description = "Prints the version of this program." };

int command_version(int argc, char **argv)
{
        const char *socket = NULL;
        bool json = false;
        const struct option_row rows[] = { OPTIONS_COMMON(&json, &socket) };
        char **operands;
        int status = options_parse(argc, argv, &usage, rows, &operands);

        if (status != OPTIONS_GO_ON)
                return status;
        puts(json ? "{\"version\":\"" HOLDFAST_VERSION "\"}" : "holdfast " HOLDFAST_VERSION);
        return STATUS_DONE;
}
