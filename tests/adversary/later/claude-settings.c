/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes the folder of an agent's settings in the workspace, and the settings in it.
 * event: file mkdir | file create
 * policy: agent
 */
#include "lib/adversary.h"

#include <sys/stat.h>

static int attempt(void)
{
        if (mkdir(at("WS", ".claude"), 0777) < 0 && errno != EEXIST)
                return -errno;
        return put(open(at("WS", ".claude/settings.json"), O_WRONLY | O_CREAT, 0644));
}
