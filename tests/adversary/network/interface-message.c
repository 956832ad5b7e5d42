/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sends by an interface of its choice, which a message names beside its source.
 * event: connect send
 */
#include "lib/adversary-net.h"

static int attempt(void)
{
        union {
                char room[CMSG_SPACE(sizeof(struct in_pktinfo))];
                struct cmsghdr align;
        } control = { .align = { .cmsg_len = CMSG_LEN(sizeof(struct in_pktinfo)), .cmsg_level = IPPROTO_IP, .cmsg_type = IP_PKTINFO } };
        struct to a = v4("ALLOWED");
        struct iovec data = { "x", 1 };
        struct msghdr m = { .msg_name = &a.any,
                            .msg_namelen = a.size,
                            .msg_iov = &data,
                            .msg_iovlen = 1,
                            .msg_control = &control,
                            .msg_controllen = sizeof(control) };

        ((struct in_pktinfo *)CMSG_DATA(&control.align))->ipi_ifindex = 1;
        return outcome(sendmsg(make(AF_INET, SOCK_DGRAM, 0), &m, 0));
}
