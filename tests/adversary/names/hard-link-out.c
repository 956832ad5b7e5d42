/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Links a file of the workspace to a name outside.
 * event: file link | exec link
 */
#include "lib/adversary.h"

static int attempt(void)
{
        return outcome(link(made(at("NEW", "file"), "mine"), at("OUT", "new")));
}
