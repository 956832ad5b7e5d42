/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes a socket of XDP.
 * event: connect socket
 * who: root
 */
#include "lib/adversary-net.h"

static int attempt(void)
{
        return kind(44, SOCK_RAW, 0);
}
