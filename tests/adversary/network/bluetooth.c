/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes a Bluetooth socket.
 * event: connect socket
 */
#include "lib/adversary-net.h"

static int attempt(void)
{
        return kind(31, SOCK_RAW, 1);
}
