/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes a raw socket over IPv6.
 * event: connect socket
 * who: root
 */
#include "lib/adversary-net.h"

static int attempt(void)
{
        return kind(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6);
}
