/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connects a datagram socket to where it may and sends elsewhere, over IPv4.
 * event: connect send
 */
#include "lib/adversary-net.h"

static int attempt(void)
{
        int fd = make(AF_INET, SOCK_DGRAM, 0);

        NEED(reach(fd, v4("ALLOWED")));
        return send_to(fd, v4("PORT"));
}
