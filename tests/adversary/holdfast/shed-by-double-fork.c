/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sheds its confinement by becoming a grandchild whose parent is dead.
 * event: file open
 * policy: narrow
 */
#include "lib/adversary.h"

#include <sched.h>

static int attempt(void)
{
        int tell[2], error = -1;
        pid_t parent = getpid(), child;

        (void)parent;
        NEED(pipe(tell));
        child = NEED(fork());
        if (child == 0) {
                pid_t above = getpid();

                if (fork() == 0) {
                        setsid();
                        while (getppid() == above)
                                sched_yield();
                        error = put(open(at("OUT", "file"), O_WRONLY | O_APPEND));
                        NEED(write(tell[1], &error, sizeof(error)));
                }
                _exit(0);
        }
        waitpid(child, NULL, 0);
        NEED(read(tell[0], &error, sizeof(error)));
        return error;
}
