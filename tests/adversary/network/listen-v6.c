/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Listens on every IPv6 address of the host.
 * event: connect listen
 */
#include "lib/adversary-net.h"

static int attempt(void)
{
        struct to a = { .v6 = { .sin6_family = AF_INET6 }, .size = sizeof(struct sockaddr_in6) };
        int fd = make(AF_INET6, SOCK_STREAM, 0);

        NEED(bind(fd, &a.any, a.size));
        return outcome(listen(fd, 1));
}
