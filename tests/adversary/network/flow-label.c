/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Has a flow carry a routing header, which leads its packets elsewhere first.
 * event: connect socket
 * who: root
 */
#include "lib/adversary-net.h"

#define IPV6_FLOWLABEL_MGR 32 /* linux/in6.h does not go with netinet/in.h */

static int attempt(void)
{
        struct {
                struct in6_addr to;
                unsigned int label;
                unsigned char action, share;
                unsigned short flags, expires, linger;
                unsigned int pad;
                struct cmsghdr head;
                unsigned char next, length, type, left;
                unsigned int reserved;
                struct in6_addr by;
        } flow = { .to = IN6ADDR_LOOPBACK_INIT,
                   .label = htonl(0x12345),
                   .share = 1 /* IPV6_FL_S_EXCL */,
                   .flags = 1 /* IPV6_FL_F_CREATE */,
                   .head = { sizeof(struct cmsghdr) + 24, IPPROTO_IPV6, IPV6_RTHDR },
                   .length = 2,
                   .type = 2,
                   .left = 1,
                   .by = { { { 0x20, 1, 0xd, 0xb8, [15] = 1 } } } };

        return outcome(setsockopt(make(AF_INET6, SOCK_DGRAM, 0), IPPROTO_IPV6, IPV6_FLOWLABEL_MGR, &flow, sizeof(flow)));
}
