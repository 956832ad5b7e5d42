/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Empties a file outside by truncate(2).
 * event: file setattr
 */
#include "lib/adversary.h"

static int attempt(void)
{
        return outcome(truncate(at("OUT", "file"), 0));
}
