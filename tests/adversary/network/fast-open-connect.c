/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connects by its first write, which connect(2) left for later.
 * event: connect connect | connect send
 */
#include "lib/adversary-net.h"

static int attempt(void)
{
        int fd = make(AF_INET, SOCK_STREAM, 0), on = 1, result;

        NEED(setsockopt(fd, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, &on, sizeof(on)));
        result = reach(fd, v4("PORT"));
        return result ? result : outcome(send(fd, "x", 1, MSG_NOSIGNAL));
}
