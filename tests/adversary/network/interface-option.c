/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sends by an interface of its choice, whatever the routes say, by IP_UNICAST_IF.
 * event: connect socket
 */
#include "lib/adversary-net.h"

static int attempt(void)
{
        unsigned int loopback = htonl(1);

        return outcome(setsockopt(make(AF_INET, SOCK_DGRAM, 0), IPPROTO_IP, IP_UNICAST_IF, &loopback, sizeof(loopback)));
}
