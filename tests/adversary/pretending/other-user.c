/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Becomes another user, whose files these are.
 * event: file open
 */
#include "lib/adversary.h"

static int attempt(void)
{
        NEED(setresgid(1000, 1000, 1000));
        NEED(setresuid(1000, 1000, 1000));
        return put(open(at("OUT", "file"), O_WRONLY | O_APPEND));
}
