/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a program that it may only read.
 * event: exec exec
 */
#include "lib/adversary-exec.h"

static int attempt(void)
{
        return run(at("OUT", "readable/program"), -1);
}
