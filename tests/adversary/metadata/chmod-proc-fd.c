/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changes the mode of a file outside by /proc/self/fd.
 * event: file setattr
 */
#include "lib/adversary.h"

#include <sys/stat.h>

static int attempt(void)
{
        return outcome(chmod(text("/proc/self/fd/%ld", NEED(open(at("OUT", "file"), O_PATH))), 0777));
}
