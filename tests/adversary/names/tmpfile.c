/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes a file without a name in a folder outside.
 * event: file open
 */
#include "lib/adversary.h"

static int attempt(void)
{
        return put(open(at("OUT", "folder"), O_TMPFILE | O_WRONLY, 0644));
}
