/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sends a datagram by sendmsg(2).
 * event: connect send
 */
#include "lib/adversary-net.h"

static int attempt(void)
{
        struct to a = v4("PORT");
        struct iovec data = { "x", 1 };
        struct msghdr m = { .msg_name = &a.any, .msg_namelen = a.size, .msg_iov = &data, .msg_iovlen = 1 };

        return outcome(sendmsg(make(AF_INET, SOCK_DGRAM, 0), &m, 0));
}
