/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Freezes a file system.
 * event: guard capability
 * event of a user: guard capability | none: the kernel refuses it first
 * who: root
 * policy: wide
 */
#include "lib/adversary.h"

#include <linux/fs.h>
#include <sys/ioctl.h>

static int attempt(void)
{
        int fd = NEED(open(scene("EXT4"), O_RDONLY));

        if (ioctl(fd, FIFREEZE, 0) < 0)
                return -errno;
        return outcome(ioctl(fd, FITHAW, 0));
}
