/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes a packet socket.
 * event: connect socket
 * who: root
 */
#include "lib/adversary-net.h"

static int attempt(void)
{
        return kind(AF_PACKET, SOCK_RAW, 0x300);
}
