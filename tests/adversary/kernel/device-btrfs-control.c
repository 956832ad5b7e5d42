/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opens /dev/btrfs-control: btrfs.
 * event: file open
 * event of a user: file open | none: the mode of the device
 * who: root
 * policy: wide
 */
#include "lib/adversary.h"

static int attempt(void)
{
        int fd = open("/dev/btrfs-control", O_RDWR | O_NONBLOCK | O_NOCTTY);

        if (fd < 0 && (errno == ENOENT || errno == ENXIO || errno == ENODEV || errno == EBUSY))
                absent("/dev/btrfs-control");
        return outcome(fd);
}
