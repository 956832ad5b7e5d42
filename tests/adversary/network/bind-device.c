/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sends by an interface of its choice to an address that the policy means on another.
 * event: connect socket
 */
#include "lib/adversary-net.h"

static int attempt(void)
{
        return outcome(setsockopt(make(AF_INET, SOCK_DGRAM, 0), SOL_SOCKET, SO_BINDTODEVICE, "lo", 3));
}
