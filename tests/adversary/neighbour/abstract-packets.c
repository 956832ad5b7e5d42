/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connects to the abstract packet socket of a program outside.
 * event: file unix
 * targets: bystander session
 */
#include "lib/adversary-net.h"

static int attempt(void)
{
        return reach(make(AF_UNIX, SOCK_SEQPACKET, 0), local(text("@%s-packets", scene("ABSTRACT"))));
}
