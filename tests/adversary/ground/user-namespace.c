/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes a user namespace, in which it would have all Linux capabilities.
 * event: guard namespace
 */
#include "lib/adversary.h"

#include <sched.h>

static int attempt(void)
{
        return outcome(unshare(CLONE_NEWUSER));
}
