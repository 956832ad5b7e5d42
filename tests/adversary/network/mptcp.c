/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes a socket of Multipath TCP.
 * event: connect socket
 */
#include "lib/adversary-net.h"

static int attempt(void)
{
        return kind(AF_INET, SOCK_STREAM, 262);
}
