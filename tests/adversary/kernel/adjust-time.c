/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes the clock run slower.
 * event: guard capability
 * event of a user: guard capability | none: the kernel refuses it first
 * who: root
 * policy: wide
 */
#include "lib/adversary.h"

#include <sys/timex.h>

static int attempt(void)
{
        struct timex t = { .modes = ADJ_STATUS, .status = STA_UNSYNC };

        return outcome(adjtimex(&t)) < 0 ? -errno : 0;
}
