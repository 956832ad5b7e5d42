/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sends to the broadcast address of loopback, where it has a socket itself: all others that have the port get it too.
 * event: connect send
 */
#include "lib/adversary-net.h"

static int attempt(void)
{
        struct to a = v4("PORT");
        int receiver = make(AF_INET, SOCK_DGRAM, 0), sender = make(AF_INET, SOCK_DGRAM, 0), one = 1;

        a.v4.sin_addr.s_addr = htonl(0x7fffffff);
        a.v4.sin_port = htons(5353);
        NEED(setsockopt(receiver, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)));
        NEED(bind(receiver, &a.any, a.size));
        NEED(setsockopt(sender, SOL_SOCKET, SO_BROADCAST, &one, sizeof(one)));
        return send_to(sender, a);
}
