/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The trick with credentials that are not the worker's own, to remove a file outside.
 * event: file unlink
 */
#include "lib/adversary-uring.h"

#include <sys/prctl.h>

static int attempt(void)
{
        struct ring r = ring_make((struct io_uring_params){ 0 });
        struct io_uring_sqe first = ring_open("/dev/null", O_RDONLY);
        struct io_uring_sqe second = {
                .opcode = IORING_OP_UNLINKAT, .fd = AT_FDCWD, .addr = (unsigned long)at("OUT", "file"), .flags = IOSQE_ASYNC
        };

        first.flags = IOSQE_ASYNC;
        NEED(ring_do(&r, first));
        NEED(prctl(PR_SET_KEEPCAPS, 1));
        return ring_do(&r, second);
}
