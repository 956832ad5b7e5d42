/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connects to the socket of a program outside by a symlink in the workspace.
 * event: file unix
 */
#include "lib/adversary-net.h"

static int attempt(void)
{
        NEED(symlink(at("AT", "stream"), at("NEW", "link")));
        return reach(make(AF_UNIX, SOCK_STREAM, 0), local(at("NEW", "link")));
}
