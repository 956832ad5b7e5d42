/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes a raw socket.
 * event: connect socket
 * who: root
 */
#include "lib/adversary-net.h"

static int attempt(void)
{
        return kind(AF_INET, SOCK_RAW, IPPROTO_ICMP);
}
