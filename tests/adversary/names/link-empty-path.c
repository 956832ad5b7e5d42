/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Links an O_PATH descriptor of a file outside into the workspace by AT_EMPTY_PATH.
 * event: file link | exec link
 * event of a user: file link | exec link | none: the kernel asks for a Linux capability first
 * who: root
 */
#include "lib/adversary.h"

static int attempt(void)
{
        int fd = NEED(open(at("OUT", "file"), O_PATH));

        return outcome(linkat(fd, "", AT_FDCWD, at("NEW", "link"), AT_EMPTY_PATH));
}
