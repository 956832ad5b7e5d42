/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names a file outside by a path of 4,095 bytes.
 * event: file open
 */
#include "lib/adversary.h"

static int attempt(void)
{
        char path[4096];
        int n = 0;

        NEED(chdir(scene("OUT")));
        while (n < 4095 - 4)
                n += sprintf(path + n, "%s", 4095 - 4 - n > 1 ? "./" : "/");
        memcpy(path + 4095 - 4, "file", 5);
        return put(open(path, O_WRONLY | O_APPEND));
}
