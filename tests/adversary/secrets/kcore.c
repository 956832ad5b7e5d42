/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads the memory of the kernel.
 * event: file open
 * event of a user: file open | none: the mode of the file
 * who: root
 * policy: wide
 */
#include "lib/adversary.h"

static int attempt(void)
{
        return outcome(open("/proc/kcore", O_RDONLY));
}
