/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Removes a cgroup.
 * event: file rmdir
 * event of a user: file rmdir | none: the mode of the folder
 * who: root
 * policy: wide
 */
#include "lib/adversary.h"

#include <sys/stat.h>

static int attempt(void)
{
        int result = outcome(rmdir("/sys/fs/cgroup/no-such"));

        if (result == -ENOENT)
                result = outcome(rmdir(scene("ELSEWHERE")));
        if (result == 0)
                NEED(mkdir(scene("ELSEWHERE"), 0755));
        return result;
}
