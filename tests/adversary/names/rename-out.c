/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Moves a file out of the workspace.
 * event: file rename | exec rename
 */
#include "lib/adversary.h"

static int attempt(void)
{
        return outcome(rename(made(at("NEW", "file"), "mine"), at("OUT", "new")));
}
