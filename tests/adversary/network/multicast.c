/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sends to a multicast group.
 * event: connect send
 */
#include "lib/adversary-net.h"

static int attempt(void)
{
        struct to a = v4("PORT");
        int fd = make(AF_INET, SOCK_DGRAM, 0);
        struct ip_mreqn group = { .imr_ifindex = 1 };

        a.v4.sin_addr.s_addr = htonl(0xe0000001);
        NEED(setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &group, sizeof(group)));
        return send_to(fd, a);
}
