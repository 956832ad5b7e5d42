/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loads a module of its own.
 * event: guard capability | guard module
 * event of a user: guard capability | guard module | none: the kernel refuses it first
 * who: root
 * policy: wide
 */
#include "lib/adversary.h"

#include <sys/syscall.h>

static int attempt(void)
{
        int fd = NEED(open("/usr/bin/true", O_RDONLY)), result = outcome(syscall(SYS_finit_module, fd, "", 0));

        return result == -ENOEXEC ? 0 : result; /* it was no module, but we might have */
}
