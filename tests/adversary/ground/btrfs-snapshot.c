/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Takes a snapshot of a subvolume that has a denied folder in it, and reads the secret in the snapshot.
 * event: guard ioctl
 */
#include "lib/adversary.h"

#include <linux/btrfs.h>
#include <sys/ioctl.h>

static int attempt(void)
{
        struct btrfs_ioctl_vol_args a = { .fd = NEED(open(at("BTRFS", "ws"), O_RDONLY)), .name = "" };
        int into = NEED(open(at("BTRFS", "ws"), O_RDONLY));

        sprintf(a.name, "copy-%d", getpid());
        if (ioctl(into, BTRFS_IOC_SNAP_CREATE, &a) < 0)
                return -errno;
        return get(open(text("%s/ws/%s/secret/key", scene("BTRFS"), a.name), O_RDONLY));
}
