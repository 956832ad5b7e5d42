/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes settings of an agent that decide what it may run.
 * event: file create
 * policy: agent
 */
#include "lib/adversary.h"

static int attempt(void)
{
        return put(open(at("HOME", ".claude/settings.json"), O_WRONLY | O_CREAT, 0644));
}
