/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Empties the stream of events.
 * event: file setattr
 * event of a user: file setattr | none: the mode of the folder
 * who: root
 * policy: wide
 */
#include "lib/adversary.h"

static int attempt(void)
{
        return outcome(truncate(scene("AUDIT"), 0));
}
