/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Has a process outside go on that somebody stopped.
 * event: guard signal | guard capability
 * event of a user: guard signal
 * policy: wide
 * targets: bystander session
 */
#include "lib/adversary.h"

#include <signal.h>

static int attempt(void)
{
        return outcome(kill(scene_number("PID"), SIGCONT));
}
