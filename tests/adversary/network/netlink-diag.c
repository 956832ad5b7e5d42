/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes a socket that lists and closes the sockets of others.
 * event: connect socket
 */
#include "lib/adversary-net.h"

static int attempt(void)
{
        return kind(AF_NETLINK, SOCK_RAW, 4);
}
