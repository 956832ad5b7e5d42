/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opens /sys/kernel/uevent_helper for writing: the program that the kernel runs for a device.
 * event: file open
 * event of a user: file open | none: the mode of the file
 * who: root
 * policy: wide
 */
#include "lib/adversary.h"

static int attempt(void)
{
        int fd = open("/sys/kernel/uevent_helper", O_WRONLY);

        if (fd < 0 && errno == ENOENT)
                absent("/sys/kernel/uevent_helper");
        return outcome(fd);
}
