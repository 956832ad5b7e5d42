/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Moves a file from outside into the workspace.
 * event: file rename | exec rename
 */
#include "lib/adversary.h"

static int attempt(void)
{
        return outcome(rename(at("OUT", "file"), at("NEW", "moved")));
}
