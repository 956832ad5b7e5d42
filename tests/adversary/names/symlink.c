/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes a symlink outside.
 * event: file symlink
 */
#include "lib/adversary.h"

static int attempt(void)
{
        return outcome(symlink("/tmp", at("OUT", "new")));
}
