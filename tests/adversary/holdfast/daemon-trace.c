/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Traces the daemon.
 * event: guard capability
 * event of a user: guard capability | none: the kernel refuses it first
 * who: root
 * policy: wide
 */
#include "lib/adversary.h"

#include <sys/ptrace.h>

static int attempt(void)
{
        return outcome(ptrace(PTRACE_SEIZE, scene_number("DAEMON"), 0, 0));
}
