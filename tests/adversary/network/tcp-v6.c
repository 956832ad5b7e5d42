/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connects to a port on loopback over IPv6 that the policy does not open.
 * event: connect connect
 */
#include "lib/adversary-net.h"

static int attempt(void)
{
        return reach(make(AF_INET6, SOCK_STREAM, 0), v6("PORT"));
}
