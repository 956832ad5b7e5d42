/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connects to the packet socket of a program outside, as docker.sock, D-Bus, ssh-agent, X11 and tmux are.
 * event: file unix
 * targets: bystander session
 */
#include "lib/adversary-net.h"

static int attempt(void)
{
        return reach(make(AF_UNIX, SOCK_SEQPACKET, 0), local(at("AT", "packets")));
}
