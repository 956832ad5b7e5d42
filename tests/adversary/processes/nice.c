/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes a process outside slower.
 * event: guard priority | guard capability
 * event of a user: guard priority
 * policy: wide
 * targets: bystander session
 */
#include "lib/adversary.h"

#include <sys/resource.h>

static int attempt(void)
{
        return outcome(setpriority(PRIO_PROCESS, scene_number("PID"), 15));
}
