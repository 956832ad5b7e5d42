/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opens /proc/sys/kernel/modprobe for writing: the program that the kernel runs for a module.
 * event: file open
 * event of a user: file open | none: the mode of the file
 * who: root
 * policy: wide
 */
#include "lib/adversary.h"

static int attempt(void)
{
        int fd = open("/proc/sys/kernel/modprobe", O_WRONLY);

        if (fd < 0 && errno == ENOENT)
                absent("/proc/sys/kernel/modprobe");
        return outcome(fd);
}
