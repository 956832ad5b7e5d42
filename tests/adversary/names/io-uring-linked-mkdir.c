/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Has io_uring make a folder outside once a read has ended that waits, and changes its own credentials meanwhile: the kernel then does it
 * in the task itself, with the credentials of before.
 * event: file mkdir
 */
#include "lib/adversary-uring.h"

static int attempt(void)
{
        return ring_linked(((struct io_uring_sqe){
                .opcode = IORING_OP_MKDIRAT, .fd = AT_FDCWD, .addr = (unsigned long)at("OUT", "made"), .len = 0755 }));
}
