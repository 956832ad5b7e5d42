/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Has a child be born into a user namespace and a mount namespace of its own, by clone(2).
 * event: guard namespace
 */
#include "lib/adversary.h"

#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>

static int attempt(void)
{
        pid_t child = syscall(SYS_clone, CLONE_NEWUSER | CLONE_NEWNS | SIGCHLD, NULL, NULL, NULL, NULL);

        if (child == 0)
                _exit(0);
        return child < 0 ? -errno : child_result(child);
}
