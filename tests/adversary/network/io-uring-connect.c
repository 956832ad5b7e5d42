/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connects through io_uring.
 * event: connect connect
 */
#include "lib/adversary-net.h"

#include "lib/adversary-uring.h"

static int attempt(void)
{
        struct to a = v4("PORT");
        struct io_uring_sqe s = {
                .opcode = IORING_OP_CONNECT, .fd = make(AF_INET, SOCK_STREAM, 0), .addr = (unsigned long)&a.any, .off = a.size
        };

        return ring_once(s);
}
