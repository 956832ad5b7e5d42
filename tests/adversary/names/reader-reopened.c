/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opens a file that may be read again for writing, by its descriptor.
 * event: file open
 */
#include "lib/adversary.h"

static int attempt(void)
{
        return put(open(text("/proc/self/fd/%ld", NEED(open(at("OUT", "readable/file"), O_RDONLY))), O_WRONLY | O_APPEND));
}
