/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes to the memory of a process outside by /proc/PID/mem.
 * event: none: ps asks for these of every process | guard capability
 * event of a user: none: ps asks for these of every process
 * policy: wide
 * targets: bystander session
 */
#include "lib/adversary.h"

static int attempt(void)
{
        int fd = open(text("/proc/%s/mem", scene("PID")), O_RDWR);

        return fd < 0 ? -errno : outcome(pwrite(fd, "t", 1, scene_number("ADDRESS")));
}
