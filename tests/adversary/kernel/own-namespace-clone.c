/* SPDX-License-Identifier: Apache-2.0 */
/*
 * In a user namespace of its own, clones the mount of the folder outside, never puts it anywhere, and reads a file in it.
 * event: file open
 * policy: namespaces
 */
#include "lib/adversary-mount.h"

static int attempt(void)
{
        int mount;

        own_namespaces();
        mount = NEED(syscall(SYS_open_tree, AT_FDCWD, scene("OUT"), OPEN_TREE_CLONE | AT_RECURSIVE));
        return get(openat(mount, "file", O_RDONLY));
}
