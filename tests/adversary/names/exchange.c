/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exchanges a file of the workspace for one outside.
 * event: file rename | exec rename
 */
#include "lib/adversary.h"

static int attempt(void)
{
        return outcome(renameat2(AT_FDCWD, made(at("NEW", "file"), "mine"), AT_FDCWD, at("OUT", "file"), RENAME_EXCHANGE));
}
