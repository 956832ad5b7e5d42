/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes an interface of its own.
 * event: file open
 * event of a user: file open | none: the mode of the device
 * who: root
 * policy: wide
 */
#include "lib/adversary-net.h"

static int attempt(void)
{
        int fd = open("/dev/net/tun", O_RDWR);

        if (fd < 0 && (errno == ENOENT || errno == ENODEV))
                absent("tun");
        return outcome(fd);
}
