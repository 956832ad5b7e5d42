/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sends a signal to a thread outside.
 * event: guard signal | guard capability
 * event of a user: guard signal
 * policy: wide
 * targets: bystander session
 */
#include "lib/adversary.h"

#include <signal.h>
#include <sys/syscall.h>

static int attempt(void)
{
        return outcome(syscall(SYS_tgkill, scene_number("PID"), scene_number("PID"), SIGUSR1));
}
