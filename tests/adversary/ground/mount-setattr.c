/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changes what a mount allows by mount_setattr(2).
 * event: guard mount | guard capability
 * event of a user: guard mount | guard capability | none: the kernel refuses it first
 * who: root
 */
#include "lib/adversary.h"

#include <linux/mount.h>
#include <sys/syscall.h>

static int attempt(void)
{
        struct mount_attr a = { .attr_set = MOUNT_ATTR_NODIRATIME };

        return outcome(syscall(SYS_mount_setattr, AT_FDCWD, scene("EXT4"), 0, &a, sizeof(a)));
}
