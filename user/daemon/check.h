/* SPDX-License-Identifier: Apache-2.0 */
/* What holdfastd does instead of running: --check and --check-policy. Both print to stdout and return an exit status. */
#ifndef HOLDFAST_DAEMON_CHECK_H
#define HOLDFAST_DAEMON_CHECK_H

#include <stdbool.h>

/* Whether this host can enforce: a line for each thing it needs. 0 when all are there, else 1. */
int check_host(bool json);

/* Whether a file is a policy: a line for each error in it. 0 when it is one, else 1. */
int check_policy(const char *path, bool json);

/* Names on stderr what the host is missing. Returns how many things that are. */
int check_host_quietly(void);

#endif
