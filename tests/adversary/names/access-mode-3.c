/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opens a file outside for ioctl alone, by the access mode 3.
 * event: file open
 */
#include "lib/adversary.h"

static int attempt(void)
{
        return outcome(open(at("OUT", "file"), O_ACCMODE));
}
