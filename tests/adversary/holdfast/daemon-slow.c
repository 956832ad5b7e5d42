/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Gives the daemon only idle time.
 * event: guard priority
 * event of a user: guard priority | none: the kernel refuses it first
 * who: root
 * policy: wide
 */
#include "lib/adversary.h"

#include <sched.h>

static int attempt(void)
{
        int result = outcome(sched_setscheduler(scene_number("DAEMON"), SCHED_IDLE, &(struct sched_param){ 0 }));

        if (result == 0)
                NEED(sched_setscheduler(scene_number("DAEMON"), SCHED_OTHER, &(struct sched_param){ 0 }));
        return result;
}
