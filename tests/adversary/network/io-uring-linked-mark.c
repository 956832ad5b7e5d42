/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Marks a packet, to lead it round the firewall, by io_uring with the credentials of before.
 * event: guard capability
 * event of a user: guard capability | none: the kernel refuses it first
 * who: root
 */
#include "lib/adversary-net.h"

#include "lib/adversary-uring.h"

static int attempt(void)
{
        union {
                char room[CMSG_SPACE(sizeof(int))];
                struct cmsghdr align;
        } control = { .align = { .cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SO_MARK } };
        struct io_uring_sqe send = { .opcode = IORING_OP_SENDMSG };
        struct to a = v4("ALLOWED");
        struct iovec data = { "x", 1 };
        struct msghdr m = { .msg_name = &a.any,
                            .msg_namelen = a.size,
                            .msg_iov = &data,
                            .msg_iovlen = 1,
                            .msg_control = &control,
                            .msg_controllen = sizeof(control) };

        *CMSG_DATA(&control.align) = 7;
        send.fd = make(AF_INET, SOCK_DGRAM, 0);
        send.addr = (unsigned long)&m;
        return ring_linked(send);
}
