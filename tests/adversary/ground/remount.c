/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Remounts a file system read-only, for everybody.
 * event: guard mount | guard capability
 * event of a user: guard mount | guard capability | none: the kernel refuses it first
 * who: root
 */
#include "lib/adversary.h"

#include <sys/mount.h>

static int attempt(void)
{
        return outcome(mount(NULL, scene("EXT4"), NULL, MS_REMOUNT | MS_BIND, NULL));
}
