/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Moves a thread of its own to another cgroup.
 * event: file open
 * event of a user: file open | none: the mode of the file
 * who: root
 * policy: wide
 */
#include "lib/adversary.h"

static int attempt(void)
{
        return outcome(open(at("ELSEWHERE", "cgroup.threads"), O_WRONLY));
}
