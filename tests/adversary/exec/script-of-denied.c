/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a script whose interpreter may not be run.
 * event: exec exec
 */
#include "lib/adversary-exec.h"

static int attempt(void)
{
        return run(at("WS", "script"), -1);
}
