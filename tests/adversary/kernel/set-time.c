/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sets the clock.
 * event: guard capability
 * event of a user: guard capability | none: the kernel refuses it first
 * who: root
 * policy: wide
 */
#include "lib/adversary.h"

#include <time.h>

static int attempt(void)
{
        struct timespec now;

        NEED(clock_gettime(CLOCK_REALTIME, &now));
        return outcome(clock_settime(CLOCK_REALTIME, &now));
}
