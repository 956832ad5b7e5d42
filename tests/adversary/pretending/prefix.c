/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes to a folder whose name begins like the workspace.
 * event: file mkdir | file create
 */
#include "lib/adversary.h"

#include <sys/stat.h>

static int attempt(void)
{
        char *path = text("%s2", scene("WS"));
        int result = outcome(mkdir(path, 0755));

        rmdir(path);
        return result;
}
