/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mounts a tmpfs over a denied folder.
 * event: guard mount | guard capability
 * event of a user: guard mount | guard capability | none: the kernel refuses it first
 * who: root
 */
#include "lib/adversary.h"

#include <sys/mount.h>

static int attempt(void)
{
        int result = outcome(mount("none", at("WS", "secret"), "tmpfs", 0, NULL));

        umount2(at("WS", "secret"), MNT_DETACH);
        return result;
}
