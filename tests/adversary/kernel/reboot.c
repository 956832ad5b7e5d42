/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Turns off what the keys for a reboot do.
 * event: guard capability
 * event of a user: guard capability | none: the kernel refuses it first
 * who: root
 * policy: wide
 */
#include "lib/adversary.h"

#include <sys/reboot.h>

static int attempt(void)
{
        return outcome(reboot(RB_DISABLE_CAD));
}
