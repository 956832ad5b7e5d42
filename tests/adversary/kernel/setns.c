/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Joins a namespace of another process by its file in /proc.
 * event: guard capability | file open | none: ps asks for these of every process
 * event of a user: guard capability | file open | none: the kernel refuses it first | file open
 * who: root
 * policy: wide
 */
#include "lib/adversary.h"

#include <sched.h>

static int attempt(void)
{
        int fd = open(text("/proc/%s/ns/uts", scene("PID")), O_RDONLY);

        return fd < 0 ? -errno : outcome(setns(fd, 0));
}
