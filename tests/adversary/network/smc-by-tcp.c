/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes a TCP socket into one of SMC, whose connects look like another family's.
 * event: guard module | connect connect
 */
#include "lib/adversary-net.h"

static int attempt(void)
{
        int fd = make(AF_INET, SOCK_STREAM, 0);

        if (setsockopt(fd, IPPROTO_TCP, TCP_ULP, "smc", 3) < 0) {
                if (errno == ENOENT)
                        absent("SMC on a TCP socket");
                return -errno;
        }
        return reach(fd, v4("PORT"));
}
