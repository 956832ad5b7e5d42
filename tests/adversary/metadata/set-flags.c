/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changes the flags of a file that may be read, by FS_IOC_SETFLAGS.
 * event: file ioctl
 */
#include "lib/adversary.h"

#include <linux/fs.h>
#include <sys/ioctl.h>

static int attempt(void)
{
        int fd = NEED(open(at("OUT", "readable/file"), O_RDONLY)), flags;

        NEED(ioctl(fd, FS_IOC_GETFLAGS, &flags));
        flags |= FS_NODUMP_FL;
        return outcome(ioctl(fd, FS_IOC_SETFLAGS, &flags));
}
