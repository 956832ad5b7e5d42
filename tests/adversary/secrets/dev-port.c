/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opens the ports of the machine.
 * event: file open
 * event of a user: file open | none: the mode of the device
 * who: root
 * policy: wide
 */
#include "lib/adversary.h"

static int attempt(void)
{
        int fd = open("/dev/port", O_RDONLY);

        if (fd < 0 && errno == ENOENT)
                absent("/dev/port");
        return outcome(fd);
}
