/* SPDX-License-Identifier: Apache-2.0 */
/* How long, from the command line. Pure. */
#ifndef HOLDFAST_CLI_DURATION_H
#define HOLDFAST_CLI_DURATION_H

#include <stdint.h>

/* "90d", "12h", "30m", "45s" in seconds, from 1 s to 3,660 days. 0 or -EINVAL. */
int duration_seconds(const char *text, uint64_t *seconds);

#endif
