/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes a socket on the CAN bus.
 * event: connect socket
 */
#include "lib/adversary-net.h"

static int attempt(void)
{
        return kind(29, SOCK_RAW, 1);
}
