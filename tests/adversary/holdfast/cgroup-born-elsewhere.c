/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Has a child be born in another cgroup, and write to a file outside.
 * event: file open | none: the kernel refuses it first
 * who: root
 * policy: narrow
 */
#include "lib/adversary.h"

#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>

static int attempt(void)
{
        struct clone_args a = { .flags = CLONE_INTO_CGROUP,
                                .exit_signal = SIGCHLD,
                                .cgroup = NEED(open(scene("ELSEWHERE"), O_PATH | O_DIRECTORY)) };
        pid_t child = syscall(SYS_clone3, &a, sizeof(a));

        if (child == 0)
                _exit(-put(open(at("OUT", "file"), O_WRONLY | O_APPEND)));
        return child < 0 ? -errno : child_result(child);
}
