/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Registers a format of programs of its own.
 * event: file open
 * event of a user: file open | none: the mode of the file
 * who: root
 * policy: wide
 */
#include "lib/adversary.h"

static int attempt(void)
{
        int fd;

        fd = open("/proc/sys/fs/binfmt_misc/register", O_WRONLY);
        if (fd < 0 && errno == ENOENT)
                absent("binfmt_misc");
        return outcome(fd);
}
