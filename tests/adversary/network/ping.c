/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes a ping socket.
 * event: connect socket
 */
#include "lib/adversary-net.h"

static int attempt(void)
{
        return kind(AF_INET, SOCK_DGRAM, IPPROTO_ICMP);
}
