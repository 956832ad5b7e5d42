/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loads another kernel.
 * event: guard capability | guard module
 * event of a user: guard capability | guard module | none: the kernel refuses it first
 * who: root
 * policy: wide
 */
#include "lib/adversary.h"

#include <sys/syscall.h>

static int attempt(void)
{
        int result = outcome(syscall(SYS_kexec_load, 0, 0, NULL, 0));

        return result;
}
