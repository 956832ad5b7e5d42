/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mounts a folder outside over one of the workspace.
 * event: guard mount | guard capability
 * event of a user: guard mount | guard capability | none: the kernel refuses it first
 * who: root
 */
#include "lib/adversary.h"

#include <sys/mount.h>
#include <sys/stat.h>

static int attempt(void)
{
        int result;

        NEED(mkdir(at("NEW", "here"), 0755));
        result = outcome(mount(scene("OUT"), at("NEW", "here"), NULL, MS_BIND, NULL));
        umount2(at("NEW", "here"), MNT_DETACH);
        return result;
}
