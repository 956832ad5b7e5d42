/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Marks packets, to lead them round the firewall.
 * event: guard capability
 * event of a user: guard capability | none: the kernel refuses it first
 * who: root
 */
#include "lib/adversary-net.h"

static int attempt(void)
{
        int mark = 7;

        return outcome(setsockopt(make(AF_INET, SOCK_DGRAM, 0), SOL_SOCKET, SO_MARK, &mark, sizeof(mark)));
}
