/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sends to where it may, by way of another address: by a control message, which comes after another one.
 * event: connect socket | connect send
 * who: root
 */
#include "lib/adversary-net.h"

static int attempt(void)
{
        static const unsigned char route[] = { 131 /* loose source route */, 7, 4, 127, 0, 0, 2, 0 };
        struct {
                struct cmsghdr head;
                int value;
        } __attribute__((aligned(8))) ttl = { { CMSG_LEN(sizeof(int)), IPPROTO_IP, IP_TTL }, 64 };
        struct {
                struct cmsghdr head;
                unsigned char value[8];
        } options = { { CMSG_LEN(sizeof(route)), IPPROTO_IP, IP_RETOPTS }, { 0 } };
        char control[sizeof(ttl) + sizeof(options)];
        struct to a = v4("ALLOWED");
        struct iovec data = { "x", 1 };
        struct msghdr m = { .msg_name = &a.any,
                            .msg_namelen = a.size,
                            .msg_iov = &data,
                            .msg_iovlen = 1,
                            .msg_control = control,
                            .msg_controllen = sizeof(control) };

        memcpy(options.value, route, sizeof(route));
        memcpy(control, &ttl, sizeof(ttl));
        memcpy(control + sizeof(ttl), &options, sizeof(options));
        return outcome(sendmsg(make(AF_INET, SOCK_DGRAM, 0), &m, 0));
}
