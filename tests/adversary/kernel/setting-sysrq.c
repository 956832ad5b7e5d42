/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opens /proc/sysrq-trigger for writing: what SysRq does.
 * event: file open
 * event of a user: file open | none: the mode of the file
 * who: root
 * policy: wide
 */
#include "lib/adversary.h"

static int attempt(void)
{
        int fd = open("/proc/sysrq-trigger", O_WRONLY);

        if (fd < 0 && errno == ENOENT)
                absent("/proc/sysrq-trigger");
        return outcome(fd);
}
