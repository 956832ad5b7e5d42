/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decides by a program which of the sockets that share a port gets what is sent there: the other one.
 * event: connect socket
 */
#include "lib/adversary-net.h"

#include <linux/filter.h>

static int attempt(void)
{
        struct sock_filter first = { .code = BPF_RET | BPF_K, .k = 0 };
        const struct sock_fprog program = { 1, &first };
        struct to a = v4("PORT");
        int fd = make(AF_INET, SOCK_DGRAM, 0), one = 1;

        a.v4.sin_port = 0;
        NEED(setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one)));
        NEED(bind(fd, &a.any, a.size));
        return outcome(setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &program, sizeof(program)));
}
