/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Enters a folder outside and names a file there alone.
 * event: file open
 */
#include "lib/adversary.h"

static int attempt(void)
{
        NEED(chdir(scene("OUT")));
        return put(open("file", O_WRONLY | O_APPEND));
}
