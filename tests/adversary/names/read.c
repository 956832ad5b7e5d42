/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads a file outside.
 * event: file open
 */
#include "lib/adversary.h"

static int attempt(void)
{
        return get(open(at("OUT", "file"), O_RDONLY));
}
