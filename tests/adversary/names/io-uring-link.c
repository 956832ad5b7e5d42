/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Links a file of the workspace to a name outside through io_uring.
 * event: file link | exec link
 */
#include "lib/adversary-uring.h"

static int attempt(void)
{
        return ring_once((struct io_uring_sqe){ .opcode = IORING_OP_LINKAT,
                                                .fd = AT_FDCWD,
                                                .len = AT_FDCWD,
                                                .addr = (unsigned long)made(at("NEW", "file"), "mine"),
                                                .addr2 = (unsigned long)at("OUT", "new") });
}
