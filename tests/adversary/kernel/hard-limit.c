/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Raises a hard limit of its own.
 * event: guard capability
 * event of a user: guard capability | none: the kernel refuses it first
 * who: root
 * policy: wide
 */
#include "lib/adversary.h"

#include <sys/resource.h>

static int attempt(void)
{
        struct rlimit now;

        NEED(getrlimit(RLIMIT_NOFILE, &now));
        now.rlim_max += 1;
        return outcome(setrlimit(RLIMIT_NOFILE, &now));
}
