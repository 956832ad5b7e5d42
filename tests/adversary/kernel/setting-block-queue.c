/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opens /sys/block/loop0/queue/read_ahead_kb for writing: a disk.
 * event: file open
 * event of a user: file open | none: the mode of the file
 * who: root
 * policy: wide
 */
#include "lib/adversary.h"

static int attempt(void)
{
        int fd = open("/sys/block/loop0/queue/read_ahead_kb", O_WRONLY);

        if (fd < 0 && errno == ENOENT)
                absent("/sys/block/loop0/queue/read_ahead_kb");
        return outcome(fd);
}
