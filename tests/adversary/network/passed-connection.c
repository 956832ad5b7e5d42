/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Takes a connection that another program made, and sends on it.
 * event: connect receive | connect send | connect connect
 */
#include "lib/adversary-net.h"

static int attempt(void)
{
        int fd = passed('1');

        return fd < 0 ? -errno : outcome(send(fd, "x", 1, MSG_NOSIGNAL));
}
