/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Moves a file from outside through io_uring.
 * event: file rename | exec rename
 */
#include "lib/adversary-uring.h"

static int attempt(void)
{
        return ring_once((struct io_uring_sqe){ .opcode = IORING_OP_RENAMEAT,
                                                .fd = AT_FDCWD,
                                                .len = AT_FDCWD,
                                                .addr = (unsigned long)at("OUT", "file"),
                                                .addr2 = (unsigned long)at("NEW", "moved") });
}
