/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes a file without a name in the workspace, and names it outside.
 * event: file link | exec link
 */
#include "lib/adversary.h"

static int attempt(void)
{
        int fd = NEED(open(scene("NEW"), O_TMPFILE | O_WRONLY, 0644));

        return outcome(linkat(AT_FDCWD, text("/proc/self/fd/%d", fd), AT_FDCWD, at("OUT", "new"), AT_SYMLINK_FOLLOW));
}
