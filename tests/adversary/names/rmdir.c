/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Removes a folder outside.
 * event: file rmdir
 */
#include "lib/adversary.h"

static int attempt(void)
{
        return outcome(rmdir(at("OUT", "empty")));
}
