/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes a file outside longer by fallocate(2).
 * event: file open
 */
#include "lib/adversary.h"

static int attempt(void)
{
        int fd = open(at("OUT", "file"), O_WRONLY);

        return fd < 0 ? -errno : outcome(fallocate(fd, 0, 0, 4096));
}
