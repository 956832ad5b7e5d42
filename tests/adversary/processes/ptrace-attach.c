/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attaches to a process outside.
 * event: guard ptrace | guard capability
 * event of a user: guard ptrace
 * policy: wide
 * targets: bystander session
 */
#include "lib/adversary.h"

#include <sys/ptrace.h>

static int attempt(void)
{
        if (ptrace(PTRACE_ATTACH, scene_number("PID"), 0, 0) < 0)
                return -errno;
        waitpid(scene_number("PID"), NULL, __WALL);
        ptrace(PTRACE_DETACH, scene_number("PID"), 0, 0);
        return 0;
}
