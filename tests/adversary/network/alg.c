/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes a socket of the kernel's cryptography.
 * event: connect socket
 */
#include "lib/adversary-net.h"

static int attempt(void)
{
        return kind(38 /* AF_ALG */, SOCK_SEQPACKET, 0);
}
