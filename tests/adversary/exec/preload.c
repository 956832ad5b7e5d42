/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Has a program of the system load it by LD_PRELOAD.
 * event: exec map
 */
#include "lib/adversary.h"

static int attempt(void)
{
        pid_t child = NEED(fork());

        if (child == 0) {
                setenv("LD_PRELOAD", at("WS", "data/library"), 1);
                execl("/bin/grep", "grep", "-q", "r-xp.*data/library", "/proc/self/maps", NULL);
                _exit(126);
        }
        return child_result(child) ? -EACCES : 0;
}
