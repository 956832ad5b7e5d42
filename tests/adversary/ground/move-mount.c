/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Moves the file system that the other session works on.
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
        result = outcome(mount(scene("EXT4"), at("NEW", "here"), NULL, MS_MOVE, NULL));
        if (result == 0)
                NEED(mount(at("NEW", "here"), scene("EXT4"), NULL, MS_MOVE, NULL));
        return result;
}
