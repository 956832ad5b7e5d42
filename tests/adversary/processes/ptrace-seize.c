/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Traces a process outside without stopping it.
 * event: guard ptrace | guard capability
 * event of a user: guard ptrace
 * policy: wide
 * targets: bystander session
 */
#include "lib/adversary.h"

#include <sys/ptrace.h>

static int attempt(void)
{
        return outcome(ptrace(PTRACE_SEIZE, scene_number("PID"), 0, 0));
}
