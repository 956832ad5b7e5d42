/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes a file of the workspace one that its owner cannot change.
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
        int fd = NEED(open(made(at("NEW", "file"), "x"), O_RDONLY)), flags;

        NEED(ioctl(fd, FS_IOC_GETFLAGS, &flags));
        flags |= FS_IMMUTABLE_FL;
        if (ioctl(fd, FS_IOC_SETFLAGS, &flags) < 0)
                return -errno;
        flags &= ~FS_IMMUTABLE_FL;
        return outcome(ioctl(fd, FS_IOC_SETFLAGS, &flags));
}
