/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Takes a raw socket that another program made.
 * event: connect receive | connect send | connect socket
 */
#include "lib/adversary-net.h"

static int attempt(void)
{
        int fd = passed('2');

        return outcome(fd);
}
