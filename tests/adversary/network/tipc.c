/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes a socket of TIPC.
 * event: connect socket
 */
#include "lib/adversary-net.h"

static int attempt(void)
{
        return kind(30, SOCK_STREAM, 0);
}
