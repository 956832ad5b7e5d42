/* SPDX-License-Identifier: Apache-2.0 */
/* What systemd says of a unit. */
#ifndef HOLDFAST_CLI_SYSTEMD_H
#define HOLDFAST_CLI_SYSTEMD_H

#include "base/buffer.h"

/* Lines "NAME=VALUE" of the properties (separated by commas) of a unit. Returns an exit status; what is wrong was said. */
int systemd_show(const char *unit, const char *properties, struct buffer *ret);

/* The value of the first such line from *text on, which is moved behind it; NULL: there is none. The caller frees it. */
char *systemd_value(const char **text, const char *name);

/* The cgroup of a unit below a slice, as systemd.slice(5) has it: "a-b.slice" is within "a.slice". NULL: out of memory. */
char *systemd_cgroup(const char *slice, const char *unit);

/* The program of a line of ExecStart= as systemctl show prints it. NULL: there is none. The caller frees it. */
char *systemd_program(const char *command);

#endif
