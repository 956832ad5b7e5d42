/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Joins a group and names a source, 28 bytes of its choice, of which the kernel tells the network.
 * event: connect socket
 */
#include "lib/adversary-net.h"

static int attempt(void)
{
        struct group_source_req group = { .gsr_interface = 1 };
        struct sockaddr_in6 *to = (struct sockaddr_in6 *)&group.gsr_group, *from = (struct sockaddr_in6 *)&group.gsr_source;

        to->sin6_family = from->sin6_family = AF_INET6;
        NEED(inet_pton(AF_INET6, "ff05::1234:5678", &to->sin6_addr) - 1);
        NEED(inet_pton(AF_INET6, "2001:db8::1", &from->sin6_addr) - 1);
        return outcome(setsockopt(make(AF_INET6, SOCK_DGRAM, 0), IPPROTO_IPV6, MCAST_JOIN_SOURCE_GROUP, &group, sizeof(group)));
}
