/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sheds its confinement by becoming a child by vfork(2).
 * event: file open
 * policy: narrow
 */
#include "lib/adversary.h"

static int attempt(void)
{
        pid_t child = vfork();

        if (child == 0)
                _exit(-put(open(at("OUT", "file"), O_WRONLY | O_APPEND)));
        return child_result(child);
}
