/* SPDX-License-Identifier: Apache-2.0 */
/* The network namespace of a process, for a moment. */
#ifndef HOLDFAST_DAEMON_NETNS_H
#define HOLDFAST_DAEMON_NETNS_H

#include <sys/types.h>

/* Enters it; *own is then to be left by netns_leave(), -1: it is the daemon's own. 0 or negative errno. */
int netns_enter(pid_t pid, int *own);

/* Back to the daemon's own, or nothing that follows would be where it belongs: the daemon ends where that fails. */
void netns_leave(int own);

#endif
