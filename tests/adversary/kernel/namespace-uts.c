/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes a uts namespace of its own.
 * event: guard capability | guard namespace
 * event of a user: guard capability | guard namespace | none: the kernel refuses it first
 * who: root
 * policy: wide
 */
#include "lib/adversary.h"

#include <sched.h>

static int attempt(void)
{
        return outcome(unshare(CLONE_NEWUTS));
}
