/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changes the times of a file outside.
 * event: file setattr
 */
#include "lib/adversary.h"

#include <sys/stat.h>

static int attempt(void)
{
        return outcome(utimensat(AT_FDCWD, at("OUT", "file"), (struct timespec[]){ { 1, 0 }, { 1, 0 } }, 0));
}
