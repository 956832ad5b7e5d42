/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Renames the folder right above the denied one, and writes the denied file under its new name.
 * event: file rename | exec rename
 */
#include "lib/adversary.h"

static int attempt(void)
{
        if (rename(at("WS", "way/to"), at("NEW", "gone")) < 0)
                return -errno;
        return put(open(at("NEW", "gone/denied/file"), O_WRONLY | O_APPEND));
}
