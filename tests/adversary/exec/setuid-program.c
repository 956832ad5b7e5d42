/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a program of the system that is setuid.
 * event: guard setuid
 */
#include "lib/adversary.h"

static int attempt(void)
{
        int status;
        pid_t child = NEED(fork());

        if (child == 0) {
                /* passwd asks nobody anything when it only tells about the caller. */
                if (getuid() == 0)
                        NEED(setresuid(1000, 1000, 1000));
                execl("/usr/bin/passwd", "passwd", "--status", NULL);
                _exit(126);
        }
        NEED(waitpid(child, &status, 0));
        return WIFEXITED(status) && WEXITSTATUS(status) == 126 ? -EPERM : 0;
}
