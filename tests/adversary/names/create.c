/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes a file outside.
 * event: file create
 */
#include "lib/adversary.h"

static int attempt(void)
{
        return put(open(at("OUT", "new"), O_WRONLY | O_CREAT | O_EXCL, 0644));
}
