/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opens an O_PATH descriptor of a file outside again, by /proc/self/fd.
 * event: file open
 */
#include "lib/adversary.h"

static int attempt(void)
{
        return put(open(text("/proc/self/fd/%ld", NEED(open(at("OUT", "file"), O_PATH))), O_WRONLY | O_APPEND));
}
