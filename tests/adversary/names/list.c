/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists a folder outside.
 * event: file open
 */
#include "lib/adversary.h"

static int attempt(void)
{
        return outcome(open(at("OUT", "folder"), O_RDONLY | O_DIRECTORY));
}
