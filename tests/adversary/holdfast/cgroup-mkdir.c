/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes a cgroup below its own.
 * event: file mkdir
 * event of a user: file mkdir | none: the mode of the folder
 * who: root
 * policy: wide
 */
#include "lib/adversary.h"

#include <sys/stat.h>

static int attempt(void)
{
        int result = outcome(mkdir(at("CGROUP", "mine"), 0755));

        rmdir(at("CGROUP", "mine"));
        return result;
}
