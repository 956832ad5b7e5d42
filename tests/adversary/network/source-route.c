/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sends to where it may, by way of another address.
 * event: connect send | connect socket
 * event of a user: connect send | connect socket | none: the kernel refuses it first
 * who: root
 */
#include "lib/adversary-net.h"

static int attempt(void)
{
        static const unsigned char route[] = { 131 /* loose source route */, 7, 4, 127, 0, 0, 2, 0 };
        int fd = make(AF_INET, SOCK_DGRAM, 0);

        return outcome(setsockopt(fd, IPPROTO_IP, IP_OPTIONS, route, sizeof(route)));
}
