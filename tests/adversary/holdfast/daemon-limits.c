/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Takes files from the daemon by a limit.
 * event: guard limit
 * event of a user: guard limit | none: the kernel refuses it first
 * who: root
 * policy: wide
 */
#include "lib/adversary.h"

#include <sys/resource.h>

static int attempt(void)
{
        return outcome(prlimit(scene_number("DAEMON"), RLIMIT_CORE, &(struct rlimit){ 4096, 4096 }, NULL));
}
