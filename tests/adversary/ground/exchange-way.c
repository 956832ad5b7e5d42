/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exchanges a folder on the way to a denied one for its own.
 * event: file rename | exec rename
 */
#include "lib/adversary.h"

#include <sys/stat.h>

static int attempt(void)
{
        NEED(mkdir(at("NEW", "mine"), 0755));
        return outcome(renameat2(AT_FDCWD, at("WS", "way"), AT_FDCWD, at("NEW", "mine"), RENAME_EXCHANGE));
}
