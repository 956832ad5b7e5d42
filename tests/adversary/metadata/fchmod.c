/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changes the mode of a file that may be read, by its descriptor.
 * event: file setattr
 */
#include "lib/adversary.h"

#include <sys/stat.h>

static int attempt(void)
{
        return outcome(fchmod(NEED(open(at("OUT", "readable/file"), O_RDONLY)), 0777));
}
