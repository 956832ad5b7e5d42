/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is told of what happens in a folder that it may not list, by fcntl(2) and a signal.
 * event: file open | file watch
 */
#include "lib/adversary.h"

static int attempt(void)
{
        int fd = open(at("OUT", "folder"), O_RDONLY | O_DIRECTORY);

        return fd < 0 ? -errno : outcome(fcntl(fd, F_NOTIFY, DN_CREATE));
}
