/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ties a process outside to one core.
 * event: guard priority | guard capability
 * event of a user: guard priority
 * policy: wide
 * targets: bystander session
 */
#include "lib/adversary.h"

#include <sched.h>

static int attempt(void)
{
        return outcome(sched_setaffinity(scene_number("PID"), sizeof(cpu_set_t), &(cpu_set_t){ { 1 } }));
}
