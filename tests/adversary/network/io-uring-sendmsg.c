/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sends a datagram through io_uring.
 * event: connect send
 */
#include "lib/adversary-net.h"

#include "lib/adversary-uring.h"

static int attempt(void)
{
        struct to a = v4("PORT");
        struct iovec data = { "x", 1 };
        struct msghdr m = { .msg_name = &a.any, .msg_namelen = a.size, .msg_iov = &data, .msg_iovlen = 1 };
        struct io_uring_sqe s = { .opcode = IORING_OP_SENDMSG, .fd = make(AF_INET, SOCK_DGRAM, 0), .addr = (unsigned long)&m };

        return ring_once(s);
}
