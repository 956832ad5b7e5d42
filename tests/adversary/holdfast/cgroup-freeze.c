/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Freezes or thaws its cgroup.
 * event: file open
 * event of a user: file open | none: the mode of the file
 * who: root
 * policy: wide
 */
#include "lib/adversary.h"

static int attempt(void)
{
        return outcome(open(at("CGROUP", "cgroup.freeze"), O_WRONLY));
}
