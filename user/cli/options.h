/* SPDX-License-Identifier: Apache-2.0 */
/* Command lines, by a table: each subcommand says what it takes, and parsing and --help follow from that. */
#ifndef HOLDFAST_CLI_OPTIONS_H
#define HOLDFAST_CLI_OPTIONS_H

#include <stdbool.h>

struct option_row {
        const char *name;     /* long name; a row without one ends the table */
        char letter;          /* short name, or 0 */
        const char *argument; /* what it takes, as shown in the help; NULL: a flag */
        const char *help;
        bool *flag;         /* set by a flag */
        const char **value; /* set by an option with an argument */
};

struct usage {
        const char *synopsis;    /* "kill (SESSION | --all) [--reason TEXT]" */
        const char *description; /* some lines */
        bool command_follows;    /* the first operand ends the options, for it is another program's command line */
        int least, most;         /* operands; most < 0: any number */
};

enum { OPTIONS_GO_ON = -1 };

/* The two that every subcommand takes, for the table's end. */
#define OPTIONS_COMMON(json_flag, socket_value) \
        { "json", 0, NULL, "print JSON", (json_flag), NULL }, \
                { "socket",      0, "PATH", "where the daemon listens (default: $HOLDFAST_SOCKET, else /run/holdfast/api.sock)", NULL, \
                  (socket_value) }, \
        { \
                0 \
        }

/*
 * Parses. Returns OPTIONS_GO_ON with *operands at the first operand (NULL-terminated, as argv is), or a status to exit with: --help was
 * printed, or what is wrong was said.
 */
int options_parse(int argc, char **argv, const struct usage *usage, const struct option_row *rows, char ***operands);

/* Says what is wrong with a command line; returns STATUS_USAGE. */
int options_wrong(const struct usage *usage, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
