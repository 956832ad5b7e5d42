/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opens a file outside for both.
 * event: file open
 */
#include "lib/adversary.h"

static int attempt(void)
{
        return put(open(at("OUT", "file"), O_RDWR));
}
