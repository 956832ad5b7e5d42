/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changes the flags of a file that may be read, by FS_IOC_FSSETXATTR.
 * event: file ioctl
 */
#include "lib/adversary.h"

#include <linux/fs.h>
#include <sys/ioctl.h>

static int attempt(void)
{
        int fd = NEED(open(at("OUT", "readable/file"), O_RDONLY));
        struct fsxattr a;

        NEED(ioctl(fd, FS_IOC_FSGETXATTR, &a));
        a.fsx_xflags |= FS_XFLAG_NODUMP;
        return outcome(ioctl(fd, FS_IOC_FSSETXATTR, &a));
}
