/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opens a file outside through io_uring.
 * event: file open
 */
#include "lib/adversary-uring.h"

static int attempt(void)
{
        return ring_once(ring_open(at("OUT", "file"), O_WRONLY | O_APPEND));
}
