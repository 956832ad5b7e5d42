/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sets the times of a file outside to now.
 * event: file setattr
 */
#include "lib/adversary.h"

#include <sys/stat.h>

static int attempt(void)
{
        return outcome(utimensat(AT_FDCWD, at("OUT", "file"), NULL, 0));
}
