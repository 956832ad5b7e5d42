/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changes the mode of the daemon's program, so that it does not start again.
 * event: file setattr
 * event of a user: file setattr | none: its owner is root
 * who: root
 * policy: wide
 */
#include "lib/adversary.h"

#include <sys/stat.h>

static int attempt(void)
{
        return outcome(chmod(scene("PROGRAM"), 0644));
}
