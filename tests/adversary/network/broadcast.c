/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sends to everybody on the network.
 * event: connect send
 */
#include "lib/adversary-net.h"

static int attempt(void)
{
        struct to a = v4("PORT");
        int fd = make(AF_INET, SOCK_DGRAM, 0), on = 1;

        a.v4.sin_addr.s_addr = htonl(0x7fffffff); /* 127.255.255.255 */
        NEED(setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &on, sizeof(on)));
        return send_to(fd, a);
}
