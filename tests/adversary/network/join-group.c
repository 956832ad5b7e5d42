/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Joins a group of its choice, of which the kernel tells the network.
 * event: connect socket
 */
#include "lib/adversary-net.h"

static int attempt(void)
{
        struct ip_mreqn group = { .imr_multiaddr.s_addr = htonl(0xe8123456), .imr_ifindex = 1 };

        return outcome(setsockopt(make(AF_INET, SOCK_DGRAM, 0), IPPROTO_IP, IP_ADD_MEMBERSHIP, &group, sizeof(group)));
}
