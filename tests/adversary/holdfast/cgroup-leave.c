/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Moves itself to another cgroup.
 * event: file open
 * event of a user: file open | none: the mode of the file
 * who: root
 * policy: wide
 */
#include "lib/adversary.h"

static int attempt(void)
{
        int fd = open(at("ELSEWHERE", "cgroup.procs"), O_WRONLY);

        return fd < 0 ? -errno : outcome(write(fd, "0", 1));
}
