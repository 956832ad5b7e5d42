/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes to the stream of events.
 * event: file open
 * event of a user: file open | none: the mode of the folder
 * who: root
 * policy: wide
 */
#include "lib/adversary.h"

static int attempt(void)
{
        return outcome(open(scene("AUDIT"), O_WRONLY | O_APPEND));
}
