/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes a socket to the host of this virtual machine.
 * event: connect socket
 */
#include "lib/adversary-net.h"

static int attempt(void)
{
        return kind(40 /* AF_VSOCK */, SOCK_STREAM, 0);
}
