/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Takes a file of the workspace for swap space.
 * event: guard capability
 * event of a user: guard capability | none: the kernel refuses it first
 * who: root
 * policy: wide
 */
#include "lib/adversary.h"

#include <sys/syscall.h>

static int attempt(void)
{
        int result = outcome(syscall(SYS_swapon, made(at("NEW", "swap"), "x"), 0));

        return result == -EINVAL ? 0 : result; /* it was none, but we might have */
}
