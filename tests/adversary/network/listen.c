/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Listens on every address of the host.
 * event: connect listen
 */
#include "lib/adversary-net.h"

static int attempt(void)
{
        return outcome(listen(make(AF_INET, SOCK_STREAM, 0), 1));
}
