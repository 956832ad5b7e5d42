/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sends to where it may, by way of another address: in the second of two messages to one address, about which the kernel asks nobody again.
 * event: guard capability | connect send
 * event of a user: none: the kernel lets nobody without CAP_NET_RAW name a route
 * who: root
 */
#include "lib/adversary-net.h"

static int attempt(void)
{
        static const unsigned char route[] = { 131 /* loose source route */, 7, 4, 127, 0, 0, 2, 0 };
        struct {
                struct cmsghdr head;
                unsigned char value[8];
        } __attribute__((aligned(8))) options = { { CMSG_LEN(sizeof(route)), IPPROTO_IP, IP_RETOPTS }, { 0 } };
        struct to a = v4("ALLOWED");
        struct iovec data = { "x", 1 };
        struct msghdr m = { .msg_name = &a.any, .msg_namelen = a.size, .msg_iov = &data, .msg_iovlen = 1 };
        struct mmsghdr both[2] = { { .msg_hdr = m }, { .msg_hdr = m } };
        int sent;

        memcpy(options.value, route, sizeof(route));
        both[1].msg_hdr.msg_control = &options;
        both[1].msg_hdr.msg_controllen = sizeof(options);
        sent = NEED(sendmmsg(make(AF_INET, SOCK_DGRAM, 0), both, 2, 0));
        return sent == 2 ? 0 : -EPERM; /* of what was sent before an error, the number is told */
}
