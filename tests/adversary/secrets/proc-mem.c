/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads the memory of a process outside by /proc/PID/mem.
 * event: none: ps asks for these of every process | guard capability
 * event of a user: none: ps asks for these of every process
 * policy: wide
 * targets: bystander session
 */
#include "lib/adversary.h"

static int attempt(void)
{
        char byte;
        int fd = open(text("/proc/%s/mem", scene("PID")), O_RDONLY);

        return fd < 0 ? -errno : outcome(pread(fd, &byte, 1, scene_number("ADDRESS")));
}
