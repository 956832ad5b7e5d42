/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connects a datagram socket to where it may, lets go by AF_UNSPEC, and connects elsewhere, over IPv4.
 * event: connect connect
 */
#include "lib/adversary-net.h"

static int attempt(void)
{
        int fd = make(AF_INET, SOCK_DGRAM, 0);

        NEED(reach(fd, v4("ALLOWED")));
        NEED(connect(fd, &(struct sockaddr){ .sa_family = AF_UNSPEC }, sizeof(struct sockaddr)));
        return reach(fd, v4("PORT"));
}
