/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Clones a mount by open_tree(2).
 * event: guard mount | guard capability
 * event of a user: guard mount | guard capability | none: the kernel refuses it first
 * who: root
 */
#include "lib/adversary.h"

#include <linux/mount.h>
#include <sys/syscall.h>

static int attempt(void)
{
        return outcome(syscall(SYS_open_tree, AT_FDCWD, scene("OUT"), OPEN_TREE_CLONE));
}
