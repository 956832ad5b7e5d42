/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connects to the abstract stream socket of a program outside.
 * event: file unix
 * targets: bystander session
 */
#include "lib/adversary-net.h"

static int attempt(void)
{
        return reach(make(AF_UNIX, SOCK_STREAM, 0), local(text("@%s-stream", scene("ABSTRACT"))));
}
