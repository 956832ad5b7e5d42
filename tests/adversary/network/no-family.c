/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sends to an address without a family, which the kernel takes for IPv4.
 * event: connect send
 */
#include "lib/adversary-net.h"

static int attempt(void)
{
        struct to a = v4("PORT");

        a.any.sa_family = AF_UNSPEC;
        return send_to(make(AF_INET, SOCK_DGRAM, 0), a);
}
