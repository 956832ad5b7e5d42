/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes a socket of SCTP.
 * event: connect socket
 */
#include "lib/adversary-net.h"

static int attempt(void)
{
        return kind(AF_INET, SOCK_SEQPACKET, 132);
}
