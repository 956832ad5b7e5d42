/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Has io_uring remove a file outside once a read has ended that waits, and changes its own credentials meanwhile: the kernel then does it
 * in the task itself, with the credentials of before.
 * event: file unlink
 */
#include "lib/adversary-uring.h"

static int attempt(void)
{
        return ring_linked(
                ((struct io_uring_sqe){ .opcode = IORING_OP_UNLINKAT, .fd = AT_FDCWD, .addr = (unsigned long)at("OUT", "file") }));
}
