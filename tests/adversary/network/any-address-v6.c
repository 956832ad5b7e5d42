/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connects to ::, which is this host.
 * event: connect connect
 */
#include "lib/adversary-net.h"

static int attempt(void)
{
        struct to a = v6("PORT");

        a.v6.sin6_addr = in6addr_any;
        return reach(make(AF_INET6, SOCK_STREAM, 0), a);
}
