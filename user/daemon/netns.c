/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/netns.h"

#include "base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int netns_enter(pid_t pid, int *own)
{
        _cleanup_close_ int here = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC), there = -1;
        struct stat a, b;
        char path[64];

        snprintf(path, sizeof(path), "/proc/%d/ns/net", pid);
        there = open(path, O_RDONLY | O_CLOEXEC);
        if (here < 0 || there < 0 || fstat(here, &a) < 0 || fstat(there, &b) < 0)
                return -errno;
        *own = -1;
        if (a.st_dev == b.st_dev && a.st_ino == b.st_ino)
                return 0;
        if (setns(there, CLONE_NEWNET) < 0)
                return -errno;
        *own = TAKE_FD(here);
        return 0;
}

void netns_leave(int own)
{
        if (own < 0)
                return;
        if (setns(own, CLONE_NEWNET) < 0)
                abort();
        close(own);
}
