/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Has a thread of the kernel poll for what it wants opened.
 * event: guard namespace
 */
#include "lib/adversary-uring.h"

static int attempt(void)
{
        struct ring r;
        struct io_uring_params p = { .flags = IORING_SETUP_SQPOLL, .sq_thread_idle = 100 };
        int fd = syscall(SYS_io_uring_setup, 4, &p);

        if (fd < 0)
                return -errno;
        close(fd);
        r = ring_make((struct io_uring_params){ .flags = IORING_SETUP_SQPOLL, .sq_thread_idle = 100 });
        return ring_do(&r, ring_open(at("OUT", "file"), O_WRONLY | O_APPEND));
}
