/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a program that it may only read by /proc/self/fd.
 * event: exec exec
 */
#include "lib/adversary-exec.h"

static int attempt(void)
{
        return run(text("/proc/self/fd/%ld", NEED(open(at("OUT", "readable/program"), O_RDONLY))), -1);
}
