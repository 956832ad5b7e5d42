/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opens a file outside through io_uring, with credentials that were registered before.
 * event: file open | guard namespace
 */
#include "lib/adversary-uring.h"

static int attempt(void)
{
        struct ring r = ring_make((struct io_uring_params){ 0 });
        int personality = NEED(syscall(SYS_io_uring_register, r.fd, IORING_REGISTER_PERSONALITY, NULL, 0));
        struct io_uring_sqe s = ring_open(at("OUT", "file"), O_WRONLY | O_APPEND);

        s.personality = personality;
        return ring_do(&r, s);
}
