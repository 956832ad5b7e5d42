/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goes round by /proc/self/cwd, from a folder outside that was entered.
 * event: file open
 */
#include "lib/adversary.h"

static int attempt(void)
{
        NEED(chdir(scene("OUT")));
        return put(open("/proc/self/cwd/file", O_WRONLY | O_APPEND));
}
