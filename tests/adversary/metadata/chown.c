/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changes the group of a file outside.
 * event: file setattr
 */
#include "lib/adversary.h"

static int attempt(void)
{
        return outcome(chown(at("OUT", "file"), -1, getgid()));
}
