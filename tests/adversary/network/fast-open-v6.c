/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connects by its first send, over IPv6.
 * event: connect connect
 */
#include "lib/adversary-net.h"

static int attempt(void)
{
        struct to a = v6("PORT");

        return outcome(sendto(make(AF_INET6, SOCK_STREAM, 0), "x", 1, MSG_FASTOPEN | MSG_NOSIGNAL, &a.any, a.size));
}
