/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connects to a port on loopback over IPv4 that the policy does not open.
 * event: connect connect
 */
#include "lib/adversary-net.h"

static int attempt(void)
{
        return reach(make(AF_INET, SOCK_STREAM, 0), v4("PORT"));
}
