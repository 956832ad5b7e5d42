/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sends by an interface of its choice, which a message names beside its source, over IPv6.
 * event: connect send
 */
#include "lib/adversary-net.h"

static int attempt(void)
{
        const struct in6_pktinfo loopback = { .ipi6_ifindex = 1 };

        return send_with(make(AF_INET6, SOCK_DGRAM, 0), v6("ALLOWED"), IPPROTO_IPV6, IPV6_PKTINFO, &loopback, sizeof(loopback));
}
