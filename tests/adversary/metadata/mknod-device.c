/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes a device of its own: memory.
 * event: guard capability
 * event of a user: guard capability | none: the kernel refuses it first
 * who: root
 */
#include "lib/adversary.h"

#include <sys/stat.h>

static int attempt(void)
{
        return outcome(mknod(at("NEW", "memory"), S_IFCHR | 0600, 1 << 8 | 1));
}
