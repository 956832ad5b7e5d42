/* SPDX-License-Identifier: Apache-2.0 */
/* What commands share that are several under one name: holdfast policy check, holdfast token list. */
#include "cli/client.h"
#include "cli/command.h"
#include "cli/options.h"
#include "cli/output.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

int command_group(const char *name, const struct command *commands, size_t n, int argc, char **argv)
{
        bool help = argc > 1 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"));
        FILE *to = help ? stdout : stderr;

        for (size_t i = 0; argc > 1 && i < n; i++)
                if (!strcmp(commands[i].name, argv[1]))
                        return commands[i].run(argc - 1, argv + 1);
        if (argc > 1 && !help)
                fprintf(stderr, "holdfast: there is no command \"%s %s\"\n", name, argv[1]);
        fprintf(to, "Usage: holdfast %s COMMAND …\n\n", name);
        for (size_t i = 0; i < n; i++)
                fprintf(to, "  %-10s %s\n", commands[i].name, commands[i].summary);
        return help ? STATUS_DONE : STATUS_USAGE;
}

int command_list(int argc, char **argv, const struct usage *usage, const char *path, const char *const columns[])
{
        const char *socket = NULL;
        bool json = false;
        const struct option_row rows[] = { OPTIONS_COMMON(&json, &socket) };
        _cleanup_reply_ struct client_reply reply = { 0 };
        char **operands;
        int status = options_parse(argc, argv, usage, rows, &operands);

        if (status != OPTIONS_GO_ON)
                return status;
        status = client_ask(socket, "GET", path, NULL, &reply);
        if (status != STATUS_DONE)
                return status;
        if (json)
                return output_json(stdout, reply.json);
        output_table(reply.json, columns);
        return STATUS_DONE;
}
