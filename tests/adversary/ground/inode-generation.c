/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changes the number of generation of a protected folder, so that it is no longer the one that the rule names.
 * event: guard ioctl
 */
#include "lib/adversary.h"

#include <linux/fs.h>
#include <sys/ioctl.h>

static int attempt(void)
{
        int fd = NEED(open(at("EXT4", "protected"), O_RDONLY)), generation = 4711;

        if (ioctl(fd, FS_IOC_SETVERSION, &generation) < 0)
                return -errno;
        return put(open(text("%s/protected/new-%d", scene("EXT4"), getpid()), O_WRONLY | O_CREAT, 0644));
}
