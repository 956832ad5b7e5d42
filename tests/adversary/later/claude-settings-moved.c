/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes an agent's settings elsewhere, and moves them into place.
 * event: file mkdir | file create | file rename
 * policy: agent
 */
#include "lib/adversary.h"

#include <sys/stat.h>

static int attempt(void)
{
        NEED(mkdir(at("NEW", "built"), 0777));
        made(at("NEW", "built/settings.json"), "{}");
        if (mkdir(at("WS", ".claude"), 0777) < 0 && errno != EEXIST)
                return -errno;
        return outcome(rename(at("NEW", "built/settings.json"), at("WS", ".claude/settings.json")));
}
