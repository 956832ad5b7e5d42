/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opens /dev/fuse: a file system of its own.
 * event: file open
 * event of a user: file open | none: the mode of the device
 * who: root
 * policy: wide
 */
#include "lib/adversary.h"

static int attempt(void)
{
        int fd = open("/dev/fuse", O_RDWR | O_NONBLOCK | O_NOCTTY);

        if (fd < 0 && (errno == ENOENT || errno == ENXIO || errno == ENODEV || errno == EBUSY))
                absent("/dev/fuse");
        return outcome(fd);
}
