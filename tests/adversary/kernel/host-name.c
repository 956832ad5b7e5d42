/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Gives the host another name.
 * event: guard capability
 * event of a user: guard capability | none: the kernel refuses it first
 * who: root
 * policy: wide
 */
#include "lib/adversary.h"

static int attempt(void)
{
        char name[65];

        NEED(gethostname(name, sizeof(name)));
        return outcome(sethostname(name, strlen(name)));
}
