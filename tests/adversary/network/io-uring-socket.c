/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes a packet socket through io_uring.
 * event: connect socket
 * who: root
 */
#include "lib/adversary-net.h"

#include "lib/adversary-uring.h"

static int attempt(void)
{
        struct io_uring_sqe s = { .opcode = IORING_OP_SOCKET, .fd = AF_PACKET, .off = SOCK_RAW, .len = 0x300 };

        return ring_once(s);
}
