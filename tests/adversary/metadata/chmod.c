/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changes the mode of a file outside.
 * event: file setattr
 */
#include "lib/adversary.h"

#include <sys/stat.h>

static int attempt(void)
{
        return outcome(chmod(at("OUT", "file"), 0777));
}
