/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes /proc/PID/coredump_filter of a process outside.
 * event: none: ps asks for these of every process | guard capability
 * event of a user: none: ps asks for these of every process
 * policy: wide
 * targets: bystander session
 */
#include "lib/adversary.h"

static int attempt(void)
{
        int fd = open(text("/proc/%s/coredump_filter", scene("PID")), O_WRONLY);

        if (fd < 0 && errno == ENOENT)
                absent("coredump_filter");
        return fd < 0 ? -errno : outcome(write(fd, "0x3f", 4));
}
