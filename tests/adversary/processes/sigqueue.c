/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Queues a signal with a value to a process outside.
 * event: guard signal | guard capability
 * event of a user: guard signal
 * policy: wide
 * targets: bystander session
 */
#include "lib/adversary.h"

#include <signal.h>

static int attempt(void)
{
        return outcome(sigqueue(scene_number("PID"), SIGUSR1, (union sigval){ 7 }));
}
