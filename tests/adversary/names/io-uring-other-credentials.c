/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lets a worker thread of io_uring start, changes its own credentials to the same ones, and has the worker, which now acts with
 * credentials that are not its own, open a file outside.
 * event: file open
 */
#include "lib/adversary-uring.h"

#include <sys/prctl.h>

static int attempt(void)
{
        struct ring r = ring_make((struct io_uring_params){ 0 });
        struct io_uring_sqe first = ring_open("/dev/null", O_RDONLY), second = ring_open(at("OUT", "file"), O_WRONLY | O_APPEND);

        first.flags = second.flags = IOSQE_ASYNC;
        NEED(ring_do(&r, first));
        NEED(prctl(PR_SET_KEEPCAPS, 1));
        return ring_do(&r, second);
}
