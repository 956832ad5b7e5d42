/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connects a datagram socket to where it may and sends elsewhere, over IPv6.
 * event: connect send
 */
#include "lib/adversary-net.h"

static int attempt(void)
{
        int fd = make(AF_INET6, SOCK_DGRAM, 0);

        NEED(reach(fd, v6("ALLOWED")));
        return send_to(fd, v6("PORT"));
}
