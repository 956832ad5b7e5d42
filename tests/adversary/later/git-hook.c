/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes a hook that git runs when the user commits.
 * event: file create
 * policy: agent
 */
#include "lib/adversary.h"

static int attempt(void)
{
        return put(open(at("WS", ".git/hooks/pre-commit"), O_WRONLY | O_CREAT, 0755));
}
