/* SPDX-License-Identifier: Apache-2.0 */
/* Tells people of a kill: who sits before the session, and whoever the host's own command tells. */
#ifndef HOLDFAST_DAEMON_TELL_H
#define HOLDFAST_DAEMON_TELL_H

#include "base/error.h"

#include <stdbool.h>
#include <sys/types.h>

#define TELL_NAME "holdfast-tell" /* how the daemon's program is called to become the command that it is given */

struct daemon;

/* Writes a line to the terminal that a process has as its standard streams, if any; without waiting. Control characters become "?". */
void tell_terminal(pid_t pid, const char *text);

/* Whether a command may be run as root: a program that only root can change. 0, or negative errno with the reason. */
int tell_check(const char *command, struct error *e);

/*
 * Runs the command of the configuration ("on_kill"), if any, with the text on its standard input. It has a minute. At most 16 run at
 * once, four of them for what others than root have done: what comes meanwhile is left out, and logged.
 */
void tell_command(struct daemon *d, const char *text, bool by_root);

/* Forgets those that run: they go on. */
void tell_stop(struct daemon *d);

#endif
