/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sends a signal by a pidfd.
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
        return outcome(syscall(SYS_pidfd_send_signal, NEED(syscall(SYS_pidfd_open, scene_number("PID"), 0)), SIGUSR1, NULL, 0));
}
