/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Takes files from a process outside by a limit.
 * event: guard limit | guard capability
 * event of a user: guard limit
 * policy: wide
 * targets: bystander session
 */
#include "lib/adversary.h"

#include <sys/resource.h>

static int attempt(void)
{
        return outcome(prlimit(scene_number("PID"), RLIMIT_CORE, &(struct rlimit){ 4096, 4096 }, NULL));
}
