/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes a subvolume, which no hook for new folders sees.
 * event: guard ioctl
 */
#include "lib/adversary.h"

#include <linux/btrfs.h>
#include <sys/ioctl.h>

static int attempt(void)
{
        struct btrfs_ioctl_vol_args a = { 0 };

        sprintf(a.name, "sub-%d", getpid());
        return outcome(ioctl(NEED(open(at("BTRFS", "ws"), O_RDONLY)), BTRFS_IOC_SUBVOL_CREATE, &a));
}
