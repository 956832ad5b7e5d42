/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes a file outside by its place in another process of its own, /proc/PID/cwd.
 * event: file create
 */
#include "lib/adversary.h"

static int attempt(void)
{
        int ready[2];
        char byte;
        pid_t child;

        NEED(pipe(ready));
        child = NEED(fork());
        if (child == 0) {
                NEED(chdir(scene("OUT")));
                NEED(write(ready[1], "x", 1));
                pause();
        }
        NEED(read(ready[0], &byte, 1));
        return put(open(text("/proc/%d/cwd/new", child), O_WRONLY | O_CREAT, 0644));
}
