/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Has the daemon be the first to be killed for want of memory.
 * event: none: ps asks for these of every process
 * who: root
 * policy: wide
 */
#include "lib/adversary.h"

static int attempt(void)
{
        int fd = open(text("/proc/%s/oom_score_adj", scene("DAEMON")), O_WRONLY);

        return fd < 0 ? -errno : outcome(write(fd, "0", 1));
}
