/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Takes a descriptor out of the daemon.
 * event: guard capability
 * event of a user: guard capability | none: the kernel refuses it first
 * who: root
 * policy: wide
 */
#include "lib/adversary.h"

#include <sys/syscall.h>

static int attempt(void)
{
        return outcome(syscall(SYS_pidfd_getfd, NEED(syscall(SYS_pidfd_open, scene_number("DAEMON"), 0)), 0, 0));
}
