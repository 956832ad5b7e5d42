/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lifts a limit of its own cgroup.
 * event: file open
 * event of a user: file open | none: the mode of the file
 * who: root
 * policy: wide
 */
#include "lib/adversary.h"

static int attempt(void)
{
        return outcome(open(at("CGROUP", "pids.max"), O_WRONLY));
}
