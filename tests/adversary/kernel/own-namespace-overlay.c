/* SPDX-License-Identifier: Apache-2.0 */
/*
 * In a user namespace of its own, lays an overlay over the folder outside, never puts it anywhere, and reads a file in it.
 * event: file open
 * policy: namespaces
 */
#include "lib/adversary-mount.h"

static int attempt(void)
{
        int mount;

        own_namespaces();
        mount = overlay_over(scene("OUT"));
        return get(openat(mount, "file", O_RDONLY));
}
