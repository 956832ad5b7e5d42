/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connects a datagram socket over IPv4 and sends.
 * event: connect connect
 */
#include "lib/adversary-net.h"

static int attempt(void)
{
        int fd = make(AF_INET, SOCK_DGRAM, 0), result = reach(fd, v4("PORT"));

        return result ? result : outcome(send(fd, "x", 1, 0));
}
