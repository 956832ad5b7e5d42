/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Takes a connection to a unix socket outside that another program made, and sends on it.
 * event: file unix
 */
#include "lib/adversary-net.h"

static int attempt(void)
{
        int fd = passed('3');

        return fd < 0 ? -errno : outcome(send(fd, "x", 1, MSG_NOSIGNAL));
}
