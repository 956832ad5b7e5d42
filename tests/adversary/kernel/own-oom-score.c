/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keeps itself from being killed for want of memory.
 * event: guard capability
 * event of a user: guard capability | none: the kernel refuses it first
 * who: root
 * policy: wide
 */
#include "lib/adversary.h"

static int attempt(void)
{
        int fd = NEED(open("/proc/self/oom_score_adj", O_WRONLY));

        return outcome(write(fd, "-1000", 5));
}
