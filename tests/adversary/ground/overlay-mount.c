/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mounts an overlay whose lower layer is a folder outside.
 * event: guard mount | guard capability
 * event of a user: guard mount | guard capability | none: the kernel refuses it first
 * who: root
 */
#include "lib/adversary.h"

#include <sys/mount.h>
#include <sys/stat.h>

static int attempt(void)
{
        char *options = text("lowerdir=%s,upperdir=%s,workdir=%s", scene("OUT"), at("NEW", "upper"), at("NEW", "work"));
        int result;

        NEED(mkdir(at("NEW", "here"), 0755));
        NEED(mkdir(at("NEW", "upper"), 0755));
        NEED(mkdir(at("NEW", "work"), 0755));
        result = outcome(mount("none", at("NEW", "here"), "overlay", 0, options));
        umount2(at("NEW", "here"), MNT_DETACH);
        return result;
}
