/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connects to 0.0.0.0, which is this host.
 * event: connect connect
 */
#include "lib/adversary-net.h"

static int attempt(void)
{
        struct to a = v4("PORT");

        a.v4.sin_addr.s_addr = 0;
        return reach(make(AF_INET, SOCK_STREAM, 0), a);
}
