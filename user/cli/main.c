/* SPDX-License-Identifier: Apache-2.0 */
/* holdfast: the command line, over the daemon's API. */
#include "base/cleanup.h"
#include "cli/command.h"

#include <string.h>

static const struct command commands[] = {
        { "run", "run a command confined", command_run },
        { "attach", "confine what runs already", command_attach },
        { "unit", "print what confines a service of systemd", command_unit },
        { "ps", "list the sessions", command_ps },
        { "top", "show what the sessions use, live", command_top },
        { "show", "show one session", command_show },
        { "tail", "follow the events", command_tail },
        { "explain", "tell whether something would be allowed, and why", command_explain },
        { "why", "tell what was refused, why, and what would allow it", command_why },
        { "kill", "refuse a session everything, and end it", command_kill },
        { "kills", "list the kills that stand", command_kills },
        { "pause", "freeze a session", command_pause },
        { "lift", "take a kill or a pause back", command_lift },
        { "drill", "try the kill switch on sessions of its own", command_drill },
        { "policy", "check, apply, list and show policies", command_policy },
        { "suggest", "make a policy of what a session did", command_suggest },
        { "workspace", "review, apply or discard what a session wrote apart", command_workspace },
        { "token", "make, list and revoke tokens for the API over TCP", command_token },
        { "audit", "verify or export the audit stream", command_audit },
        { "doctor", "check whether this host can enforce", command_doctor },
        { "version", "print the version", command_version },
};

static void help(FILE *to)
{
        fputs("Usage: holdfast COMMAND …\n\nConfines AI agents by policies that the kernel enforces.\n\n", to);
        for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
                fprintf(to, "  %-10s %s\n", commands[i].name, commands[i].summary);
        fputs("\nEach command takes --help, and --json for programs. See holdfast(1).\n"
              "Exit status: 0 done, 1 it failed, 2 wrong usage, 3 refused by policy or role, 4 no such thing.\n",
              to);
}

int main(int argc, char **argv)
{
        if (argc < 2) {
                help(stderr);
                return STATUS_USAGE;
        }
        if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help")) {
                help(stdout);
                return STATUS_DONE;
        }
        if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V"))
                return command_version(1, argv);
        for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
                if (!strcmp(commands[i].name, argv[1]))
                        return commands[i].run(argc - 1, argv + 1);
        fprintf(stderr, "holdfast: there is no command \"%s\"; holdfast --help lists them\n", argv[1]);
        return STATUS_USAGE;
}
