/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Locks a file that may only be read, so that programs outside wait for it.
 * event: file lock
 */
#include "lib/adversary.h"

#include <sys/file.h>

static int attempt(void)
{
        return outcome(flock(NEED(open(at("OUT", "readable/file"), O_RDONLY)), LOCK_EX | LOCK_NB));
}
