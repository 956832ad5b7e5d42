/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Moves a file from outside and leaves a whiteout in its place.
 * event: file rename | exec rename
 */
#include "lib/adversary.h"

static int attempt(void)
{
        return outcome(renameat2(AT_FDCWD, at("OUT", "file"), AT_FDCWD, at("NEW", "moved"), 4 /* RENAME_WHITEOUT */));
}
