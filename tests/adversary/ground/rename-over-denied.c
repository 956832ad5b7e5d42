/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Puts an allowed folder in the place of the denied one.
 * event: file rename | exec rename
 */
#include "lib/adversary.h"

#include <sys/stat.h>

static int attempt(void)
{
        NEED(mkdir(at("NEW", "mine"), 0755));
        return outcome(renameat2(AT_FDCWD, at("NEW", "mine"), AT_FDCWD, at("WS", "way/to/denied"), RENAME_EXCHANGE));
}
