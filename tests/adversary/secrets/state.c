/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads the state of the daemon.
 * event: file open
 * event of a user: file open | none: the mode of the folder
 * who: root
 * policy: wide
 */
#include "lib/adversary.h"

static int attempt(void)
{
        return get(open(scene("STATE"), O_RDONLY));
}
