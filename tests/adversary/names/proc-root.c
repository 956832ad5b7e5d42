/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goes round by /proc/self/root.
 * event: file open
 */
#include "lib/adversary.h"

static int attempt(void)
{
        return put(open(text("/proc/self/root%s/file", scene("OUT")), O_WRONLY | O_APPEND));
}
