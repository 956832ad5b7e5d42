/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opens a file below an O_PATH descriptor of a folder outside.
 * event: file open
 */
#include "lib/adversary.h"

static int attempt(void)
{
        return put(openat(NEED(open(scene("OUT"), O_PATH | O_DIRECTORY)), "file", O_WRONLY | O_APPEND));
}
