/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kills what is in another cgroup.
 * event: file open
 * event of a user: file open | none: the mode of the file
 * who: root
 * policy: wide
 */
#include "lib/adversary.h"

static int attempt(void)
{
        return outcome(open(at("ELSEWHERE", "cgroup.kill"), O_WRONLY));
}
