/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Puts a symlink in the place of a denied folder.
 * event: file rename | exec rename
 */
#include "lib/adversary.h"

static int attempt(void)
{
        NEED(symlink("/tmp", at("NEW", "link")));
        return outcome(renameat2(AT_FDCWD, at("NEW", "link"), AT_FDCWD, at("WS", "secret"), RENAME_EXCHANGE));
}
