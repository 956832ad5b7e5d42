/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Moves the whole .git aside, to make one of its own.
 * event: file rename
 * policy: agent
 */
#include "lib/adversary.h"

static int attempt(void)
{
        return outcome(rename(at("WS", ".git"), at("NEW", "git")));
}
