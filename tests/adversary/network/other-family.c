/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sends to an IPv4 address from an IPv6 socket.
 * event: connect send
 */
#include "lib/adversary-net.h"

static int attempt(void)
{
        return send_to(make(AF_INET6, SOCK_DGRAM, 0), v4("PORT"));
}
