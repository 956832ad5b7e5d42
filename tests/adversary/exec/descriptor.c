/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a program outside by an O_PATH descriptor.
 * event: exec exec
 */
#include "lib/adversary-exec.h"

static int attempt(void)
{
        return run(NULL, NEED(open(at("OUT", "program"), O_PATH | O_CLOEXEC)));
}
