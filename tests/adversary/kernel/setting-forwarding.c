/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opens /proc/sys/net/ipv4/ip_forward for writing: the host's network.
 * event: file open
 * event of a user: file open | none: the mode of the file
 * who: root
 * policy: wide
 */
#include "lib/adversary.h"

static int attempt(void)
{
        int fd = open("/proc/sys/net/ipv4/ip_forward", O_WRONLY);

        if (fd < 0 && errno == ENOENT)
                absent("/proc/sys/net/ipv4/ip_forward");
        return outcome(fd);
}
