/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opens a file system to be mounted by fsopen(2).
 * event: guard mount | guard capability
 * event of a user: guard mount | guard capability | none: the kernel refuses it first
 * who: root
 */
#include "lib/adversary.h"

#include <linux/mount.h>
#include <sys/syscall.h>

static int attempt(void)
{
        return outcome(syscall(SYS_fsopen, "tmpfs", 0));
}
