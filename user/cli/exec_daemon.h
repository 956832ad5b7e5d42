/* SPDX-License-Identifier: Apache-2.0 */
/* What only holdfastd can do, for it links the policy compiler and the kernel's side: this program becomes it, or runs it. */
#ifndef HOLDFAST_CLI_EXEC_DAEMON_H
#define HOLDFAST_CLI_EXEC_DAEMON_H

#include "base/buffer.h"

/* Becomes holdfastd with these arguments (argv[0] is set here). Returns only on failure, with the status to exit with. */
int exec_daemon(char *argv[]);

/* Has a child become another program, and waits; out gets what it prints, or is NULL. Returns its exit status. */
int exec_wait(int (*become)(char *argv[]), char *argv[], struct buffer *out);

/* Runs holdfastd and waits; out gets what it prints, or is NULL: it prints to stdout. Returns its exit status. */
int exec_daemon_wait(char *argv[], struct buffer *out);

#endif
