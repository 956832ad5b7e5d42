/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Takes a descriptor out of a process outside.
 * event: guard ptrace | guard capability
 * event of a user: guard ptrace
 * policy: wide
 * targets: bystander session
 */
#include "lib/adversary.h"

#include <sys/syscall.h>

static int attempt(void)
{
        return put(syscall(SYS_pidfd_getfd, NEED(syscall(SYS_pidfd_open, scene_number("PID"), 0)), scene_number("FD"), 0));
}
