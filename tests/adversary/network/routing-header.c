/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sends to where it may over IPv6, by way of another address in a routing header.
 * event: connect socket | connect send
 */
#include "lib/adversary-net.h"

static int attempt(void)
{
        struct {
                struct cmsghdr head;
                unsigned char next, length, type, left, reserved[4];
                struct in6_addr through;
        } route = { { CMSG_LEN(24), IPPROTO_IPV6, IPV6_RTHDR }, 0, 2, 2, 1, { 0 }, { .s6_addr = { [15] = 1 } } };
        struct to a = v6("ALLOWED");
        struct iovec data = { "x", 1 };
        struct msghdr m = { .msg_name = &a.any,
                            .msg_namelen = a.size,
                            .msg_iov = &data,
                            .msg_iovlen = 1,
                            .msg_control = &route,
                            .msg_controllen = sizeof(route) };
        int result = outcome(sendmsg(make(AF_INET6, SOCK_DGRAM, 0), &m, 0));

        if (result == -EINVAL)
                absent("routing headers");
        return result;
}
