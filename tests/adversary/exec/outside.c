/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a program outside.
 * event: exec exec
 */
#include "lib/adversary-exec.h"

static int attempt(void)
{
        return run(at("OUT", "program"), -1);
}
