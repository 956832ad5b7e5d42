/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes /proc/PID/timerslack_ns of a process outside.
 * event: none: ps asks for these of every process | guard capability
 * event of a user: none: ps asks for these of every process
 * who: root
 * policy: wide
 * targets: bystander session
 */
#include "lib/adversary.h"

static int attempt(void)
{
        int fd = open(text("/proc/%s/timerslack_ns", scene("PID")), O_WRONLY);

        if (fd < 0 && errno == ENOENT)
                absent("timerslack_ns");
        return fd < 0 ? -errno : outcome(write(fd, "1000", 4));
}
