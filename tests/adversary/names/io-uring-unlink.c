/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Removes a file outside through io_uring.
 * event: file unlink
 */
#include "lib/adversary-uring.h"

static int attempt(void)
{
        return ring_once((struct io_uring_sqe){ .opcode = IORING_OP_UNLINKAT, .fd = AT_FDCWD, .addr = (unsigned long)at("OUT", "file") });
}
