/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Takes a lease on a file that may only be read, which holds up whoever opens it.
 * event: file lock | guard capability
 */
#include "lib/adversary.h"

static int attempt(void)
{
        return outcome(fcntl(NEED(open(at("OUT", "readable/file"), O_RDONLY)), F_SETLEASE, F_WRLCK));
}
