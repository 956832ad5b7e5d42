/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads the stream of events.
 * event: file open
 * event of a user: file open | none: the mode of the folder
 * who: root
 * policy: wide
 */
#include "lib/adversary.h"

static int attempt(void)
{
        return get(open(scene("AUDIT"), O_RDONLY));
}
