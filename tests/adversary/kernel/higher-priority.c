/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Raises its own priority.
 * event: guard capability
 * event of a user: guard capability | none: the kernel refuses it first
 * who: root
 * policy: wide
 */
#include "lib/adversary.h"

#include <sys/resource.h>

static int attempt(void)
{
        return outcome(setpriority(PRIO_PROCESS, 0, -5));
}
