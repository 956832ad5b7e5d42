/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes a folder outside.
 * event: file mkdir
 */
#include "lib/adversary.h"

#include <sys/stat.h>

static int attempt(void)
{
        return outcome(mkdir(at("OUT", "new"), 0755));
}
