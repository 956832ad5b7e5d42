/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Gives a process outside only idle time of the disk.
 * event: guard priority | guard capability
 * event of a user: guard priority
 * policy: wide
 * targets: bystander session
 */
#include "lib/adversary.h"

#include <sys/syscall.h>

static int attempt(void)
{
        return outcome(syscall(SYS_ioprio_set, 1, scene_number("PID"), 3 << 13));
}
