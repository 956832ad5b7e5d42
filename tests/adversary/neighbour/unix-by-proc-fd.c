/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connects to the socket of a program outside by an O_PATH descriptor of it.
 * event: file unix
 */
#include "lib/adversary-net.h"

static int attempt(void)
{
        return reach(make(AF_UNIX, SOCK_STREAM, 0), local(text("/proc/self/fd/%ld", NEED(open(at("AT", "stream"), O_PATH)))));
}
