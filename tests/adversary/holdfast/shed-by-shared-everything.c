/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sheds its confinement by becoming a process that shares everything with its parent.
 * event: file open
 * policy: narrow
 */
#include "lib/adversary.h"

#include <sched.h>
#include <signal.h>

static int child(void *unused)
{
        (void)unused;
        return -put(open(at("OUT", "file"), O_WRONLY | O_APPEND));
}

static int attempt(void)
{
        static char stack[65536] __attribute__((aligned(16)));

        return child_result(
                NEED(clone(child, stack + sizeof(stack), CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_VFORK | CLONE_SIGHAND | SIGCHLD, NULL)));
}
