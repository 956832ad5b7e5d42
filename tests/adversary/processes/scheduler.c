/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Gives a process outside only idle time.
 * event: guard priority | guard capability
 * event of a user: guard priority
 * policy: wide
 * targets: bystander session
 */
#include "lib/adversary.h"

#include <sched.h>

static int attempt(void)
{
        return outcome(sched_setscheduler(scene_number("PID"), SCHED_IDLE, &(struct sched_param){ 0 }));
}
