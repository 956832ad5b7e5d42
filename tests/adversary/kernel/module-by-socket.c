/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Has the kernel load a module for a family of sockets.
 * event: connect socket | guard module
 * policy: wide
 */
#include "lib/adversary.h"

#include <sys/socket.h>

static int attempt(void)
{
        int fd = socket(21 /* AF_RDS */, SOCK_SEQPACKET, 0);

        return fd >= 0 || errno == EAFNOSUPPORT || errno == EPERM ? (fd < 0 && errno == EPERM ? -EPERM : 0) : -errno;
}
