/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unmounts a file system, under which another may lie.
 * event: guard mount | guard capability
 * event of a user: guard mount | guard capability | none: the kernel refuses it first
 * who: root
 */
#include "lib/adversary.h"

#include <sys/mount.h>
#include <sys/stat.h>

static int attempt(void)
{
        NEED(mkdir(at("NEW", "here"), 0755));
        return outcome(umount2(at("NEW", "here"), MNT_DETACH)) == -EINVAL ? 0 : -errno; /* it was no mount point, but we may */
}
