/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes /proc/PID/autogroup of a process outside.
 * event: none: ps asks for these of every process | guard capability
 * event of a user: none: ps asks for these of every process
 * policy: wide
 * targets: bystander session
 */
#include "lib/adversary.h"

static int attempt(void)
{
        int fd = open(text("/proc/%s/autogroup", scene("PID")), O_WRONLY);

        if (fd < 0 && errno == ENOENT)
                absent("autogroup");
        if (fd < 0)
                return -errno;
        while (write(fd, "19", 2) < 0)
                if (errno != EAGAIN) /* not so often */
                        return -errno;
        return 0;
}
