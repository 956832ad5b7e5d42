/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Puts blocks of its own into a file that may only be read, by FICLONE.
 * event: file open
 */
#include "lib/adversary.h"

#include <linux/fs.h>
#include <sys/ioctl.h>

static int attempt(void)
{
        int from = NEED(open(made(at("NEW", "mine"), "longer than what was there"), O_RDONLY)),
            to = open(at("OUT", "readable/file"), O_WRONLY);

        return to < 0 ? -errno : outcome(ioctl(to, FICLONE, from));
}
