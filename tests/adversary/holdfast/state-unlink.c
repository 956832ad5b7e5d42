/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Removes the state of the daemon.
 * event: file unlink
 * event of a user: file unlink | none: the mode of the folder
 * who: root
 * policy: wide
 */
#include "lib/adversary.h"

static int attempt(void)
{
        return outcome(unlink(scene("STATE")));
}
