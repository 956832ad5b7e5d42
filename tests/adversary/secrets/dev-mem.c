/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads memory by /dev/mem.
 * event: file open
 * event of a user: file open | none: the mode of the device
 * who: root
 * policy: wide
 */
#include "lib/adversary.h"

static int attempt(void)
{
        return outcome(open("/dev/mem", O_RDONLY));
}
