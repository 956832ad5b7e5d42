/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opens /sys/kernel/mm/transparent_hugepage/enabled for writing: memory.
 * event: file open
 * event of a user: file open | none: the mode of the file
 * who: root
 * policy: wide
 */
#include "lib/adversary.h"

static int attempt(void)
{
        int fd = open("/sys/kernel/mm/transparent_hugepage/enabled", O_WRONLY);

        if (fd < 0 && errno == ENOENT)
                absent("/sys/kernel/mm/transparent_hugepage/enabled");
        return outcome(fd);
}
