/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes to a file outside.
 * event: file open
 */
#include "lib/adversary.h"

static int attempt(void)
{
        return put(open(at("OUT", "file"), O_WRONLY | O_APPEND));
}
