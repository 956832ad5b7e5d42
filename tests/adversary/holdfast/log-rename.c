/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Moves the stream of events away.
 * event: file rename
 * event of a user: file rename | none: the mode of the folder
 * who: root
 * policy: wide
 */
#include "lib/adversary.h"

static int attempt(void)
{
        return outcome(rename(scene("AUDIT"), text("%s.gone", scene("AUDIT"))));
}
