/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Takes a descriptor of a file outside that another program passes, and writes to it.
 * event: file open
 */
#include "lib/adversary-net.h"

static int attempt(void)
{
        int fd = passed('0');

        return put(fd);
}
