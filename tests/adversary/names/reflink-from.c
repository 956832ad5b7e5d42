/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Takes the blocks of a file outside for one of the workspace, by FICLONE.
 * event: file open
 */
#include "lib/adversary.h"

#include <linux/fs.h>
#include <sys/ioctl.h>

static int attempt(void)
{
        int from = open(at("OUT", "program"), O_RDONLY), to = NEED(open(at("NEW", "copy"), O_WRONLY | O_CREAT, 0644));

        return from < 0 ? -errno : outcome(ioctl(to, FICLONE, from));
}
