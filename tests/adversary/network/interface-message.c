/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sends by an interface of its choice, which a message names beside its source.
 * event: connect send
 */
#include "lib/adversary-net.h"

static int attempt(void)
{
        const struct in_pktinfo loopback = { .ipi_ifindex = 1 };

        return send_with(make(AF_INET, SOCK_DGRAM, 0), v4("ALLOWED"), IPPROTO_IP, IP_PKTINFO, &loopback, sizeof(loopback));
}
