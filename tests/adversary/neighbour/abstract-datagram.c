/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sends a datagram to the abstract socket of a program outside.
 * event: file unix
 * targets: bystander session
 */
#include "lib/adversary-net.h"

static int attempt(void)
{
        return send_to(make(AF_UNIX, SOCK_DGRAM, 0), local(text("@%s-datagrams", scene("ABSTRACT"))));
}
