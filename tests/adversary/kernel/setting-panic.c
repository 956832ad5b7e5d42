/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opens /proc/sys/kernel/panic for writing: what a panic does.
 * event: file open
 * event of a user: file open | none: the mode of the file
 * who: root
 * policy: wide
 */
#include "lib/adversary.h"

static int attempt(void)
{
        int fd = open("/proc/sys/kernel/panic", O_WRONLY);

        if (fd < 0 && errno == ENOENT)
                absent("/proc/sys/kernel/panic");
        return outcome(fd);
}
