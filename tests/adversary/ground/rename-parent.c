/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Renames a folder on the way to a denied one, and writes the denied file under its new name.
 * event: file rename | exec rename
 */
#include "lib/adversary.h"

static int attempt(void)
{
        if (rename(at("WS", "way"), at("NEW", "gone")) < 0)
                return -errno;
        return put(open(at("NEW", "gone/to/denied/file"), O_WRONLY | O_APPEND));
}
