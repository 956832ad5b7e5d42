/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connects to the socket of the API, which its policy does not open.
 * event: file unix
 */
#include "lib/adversary-net.h"

static int attempt(void)
{
        return reach(make(AF_UNIX, SOCK_STREAM, 0), local(scene("SOCKET")));
}
