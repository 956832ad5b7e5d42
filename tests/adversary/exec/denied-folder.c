/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a program in a folder of the workspace where nothing may be run.
 * event: exec exec
 */
#include "lib/adversary-exec.h"

static int attempt(void)
{
        return run(at("WS", "data/program"), -1);
}
