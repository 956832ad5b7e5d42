/* SPDX-License-Identifier: Apache-2.0 */
/* The subcommands, one a file, and the statuses they exit with. */
#ifndef HOLDFAST_CLI_COMMAND_H
#define HOLDFAST_CLI_COMMAND_H

#include <stddef.h>

struct usage;

/* What holdfast exits with; holdfast run exits with its command's status once that runs. */
enum status {
        STATUS_DONE = 0,
        STATUS_FAILED = 1,
        STATUS_USAGE = 2,
        STATUS_REFUSED = 3, /* by policy or role */
        STATUS_ABSENT = 4,  /* no such thing */
};

struct command {
        const char *name;
        const char *summary;
        int (*run)(int argc, char **argv); /* argv[0] is the command's name; returns an exit status */
};

int command_run(int argc, char **argv);
int command_attach(int argc, char **argv);
int command_unit(int argc, char **argv);
int command_ps(int argc, char **argv);
int command_top(int argc, char **argv);
int command_show(int argc, char **argv);
int command_tail(int argc, char **argv);
int command_explain(int argc, char **argv);
int command_why(int argc, char **argv);
int command_suggest(int argc, char **argv);
int command_drill(int argc, char **argv);
int command_kills(int argc, char **argv);
int command_kill(int argc, char **argv);
int command_pause(int argc, char **argv);
int command_lift(int argc, char **argv);
int command_policy(int argc, char **argv);
int command_token(int argc, char **argv);
int command_audit(int argc, char **argv);
int command_doctor(int argc, char **argv);
int command_workspace(int argc, char **argv);
int command_version(int argc, char **argv);

/* group.c: runs the one of several that argv[1] names, or tells which there are. */
int command_group(const char *name, const struct command *commands, size_t n, int argc, char **argv);

/* Prints what the API lists there as a table, or with --json as it came. */
int command_list(int argc, char **argv, const struct usage *usage, const char *path, const char *const columns[]);

#endif
