/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opens /proc/sys/kernel/core_pattern for writing: the program that the kernel runs for a core file.
 * event: file open
 * event of a user: file open | none: the mode of the file
 * who: root
 * policy: wide
 */
#include "lib/adversary.h"

static int attempt(void)
{
        int fd = open("/proc/sys/kernel/core_pattern", O_WRONLY);

        if (fd < 0 && errno == ENOENT)
                absent("/proc/sys/kernel/core_pattern");
        return outcome(fd);
}
