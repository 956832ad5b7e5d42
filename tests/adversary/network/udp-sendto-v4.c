/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sends a datagram over IPv4.
 * event: connect send
 */
#include "lib/adversary-net.h"

static int attempt(void)
{
        return send_to(make(AF_INET, SOCK_DGRAM, 0), v4("PORT"));
}
