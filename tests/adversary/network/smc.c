/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes a socket of SMC.
 * event: connect socket
 */
#include "lib/adversary-net.h"

static int attempt(void)
{
        return kind(43, SOCK_STREAM, 0);
}
