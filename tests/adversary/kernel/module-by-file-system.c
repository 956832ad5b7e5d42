/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Has the kernel load a module for a file system.
 * event: guard capability | guard module | guard mount
 * event of a user: guard capability | guard module | guard mount | none: the kernel refuses it first
 * who: root
 * policy: wide
 */
#include "lib/adversary.h"

#include <sys/syscall.h>

static int attempt(void)
{
        int result = outcome(syscall(SYS_fsopen, "nilfs2", 0));

        return result == -ENODEV ? 0 : result;
}
