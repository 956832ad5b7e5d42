/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Links an O_PATH descriptor of a file outside into the workspace and writes the link.
 * event: file link | exec link
 */
#include "lib/adversary.h"

static int attempt(void)
{
        int fd = NEED(open(at("OUT", "file"), O_PATH));

        if (linkat(AT_FDCWD, text("/proc/self/fd/%d", fd), AT_FDCWD, at("NEW", "link"), AT_SYMLINK_FOLLOW) < 0)
                return -errno;
        return put(open(at("NEW", "link"), O_WRONLY | O_APPEND));
}
