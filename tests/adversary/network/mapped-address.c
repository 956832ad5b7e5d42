/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connects to an IPv4 address in IPv6's notation.
 * event: connect connect
 */
#include "lib/adversary-net.h"

static int attempt(void)
{
        struct to a = v6("PORT");

        a.v6.sin6_addr = (struct in6_addr){ .s6_addr = { [10] = 255, [11] = 255, [12] = 127, [15] = 1 } };
        return reach(make(AF_INET6, SOCK_STREAM, 0), a);
}
