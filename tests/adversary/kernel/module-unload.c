/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unloads a module.
 * event: guard capability
 * event of a user: guard capability | none: the kernel refuses it first
 * who: root
 * policy: wide
 */
#include "lib/adversary.h"

#include <sys/syscall.h>

static int attempt(void)
{
        int result = outcome(syscall(SYS_delete_module, "no_such_module", O_NONBLOCK));

        return result == -ENOENT ? 0 : result;
}
