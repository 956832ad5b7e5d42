/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes a socket of the audit system.
 * event: connect socket
 */
#include "lib/adversary-net.h"

static int attempt(void)
{
        return kind(AF_NETLINK, SOCK_RAW, 9);
}
