/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opens a file outside by a worker thread of io_uring.
 * event: file open
 */
#include "lib/adversary-uring.h"

static int attempt(void)
{
        struct io_uring_sqe s = ring_open(at("OUT", "file"), O_WRONLY | O_APPEND);

        s.flags = IOSQE_ASYNC;
        return ring_once(s);
}
