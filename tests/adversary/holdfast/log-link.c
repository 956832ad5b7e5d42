/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Gives the stream of events a second name.
 * event: file link
 * event of a user: file link | none: the mode of the folder
 * who: root
 * policy: wide
 */
#include "lib/adversary.h"

static int attempt(void)
{
        return outcome(link(scene("AUDIT"), text("%s.link", scene("AUDIT"))));
}
