/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Joins the namespaces of another process by a pidfd.
 * event: guard ptrace | guard capability | none: it is asked without a mind to attach
 * event of a user: guard ptrace | guard capability | none: the kernel refuses it first
 * who: root
 * policy: wide
 */
#include "lib/adversary.h"

#include <sched.h>
#include <sys/syscall.h>

static int attempt(void)
{
        return outcome(setns(NEED(syscall(SYS_pidfd_open, scene_number("PID"), 0)), CLONE_NEWUTS));
}
