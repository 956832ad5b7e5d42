/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changes its own root to a folder outside.
 * event: guard chroot | guard capability
 * event of a user: guard chroot | guard capability | none: the kernel refuses it first
 * who: root
 */
#include "lib/adversary.h"

static int attempt(void)
{
        return outcome(chroot(scene("OUT")));
}
