/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signals the daemon.
 * event: guard signal
 * event of a user: guard signal | none: the kernel refuses it first
 * who: root
 * policy: wide
 */
#include "lib/adversary.h"

#include <signal.h>

static int attempt(void)
{
        return outcome(kill(scene_number("DAEMON"), 0));
}
