/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opens /sys/power/state for writing: whether the host sleeps.
 * event: file open
 * event of a user: file open | none: the mode of the file
 * who: root
 * policy: wide
 */
#include "lib/adversary.h"

static int attempt(void)
{
        int fd = open("/sys/power/state", O_WRONLY);

        if (fd < 0 && errno == ENOENT)
                absent("/sys/power/state");
        return outcome(fd);
}
