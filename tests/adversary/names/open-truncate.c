/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Empties a file that may be read by opening it for reading, with O_TRUNC.
 * event: file open
 */
#include "lib/adversary.h"

static int attempt(void)
{
        return outcome(open(at("OUT", "readable/file"), O_RDONLY | O_TRUNC));
}
