/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Removes a file outside.
 * event: file unlink
 */
#include "lib/adversary.h"

static int attempt(void)
{
        return outcome(unlink(at("OUT", "file")));
}
