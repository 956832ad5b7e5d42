/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opens /sys/kernel/debug/sched/verbose for writing: the scheduler.
 * event: file open
 * event of a user: file open | none: the mode of the file
 * who: root
 * policy: wide
 */
#include "lib/adversary.h"

static int attempt(void)
{
        int fd = open("/sys/kernel/debug/sched/verbose", O_WRONLY);

        if (fd < 0 && errno == ENOENT)
                absent("/sys/kernel/debug/sched/verbose");
        return outcome(fd);
}
