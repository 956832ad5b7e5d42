/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opens /dev/rtc0: the clock of the machine.
 * event: file open
 * event of a user: file open | none: the mode of the device
 * who: root
 * policy: wide
 */
#include "lib/adversary.h"

static int attempt(void)
{
        int fd = open("/dev/rtc0", O_RDWR | O_NONBLOCK | O_NOCTTY);

        if (fd < 0 && (errno == ENOENT || errno == ENXIO || errno == ENODEV || errno == EBUSY))
                absent("/dev/rtc0");
        return outcome(fd);
}
