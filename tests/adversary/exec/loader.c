/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a program that it may only read through the dynamic loader.
 * event: exec map
 */
#include "lib/adversary.h"

static int attempt(void)
{
        pid_t child = NEED(fork());

        if (child == 0) {
                execl("/lib64/ld-linux-x86-64.so.2", "ld.so", at("OUT", "readable/program"), NULL);
                _exit(126);
        }
        return child_result(child) ? -EACCES : 0;
}
