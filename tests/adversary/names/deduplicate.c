/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Learns whether a secret file has the contents that it guesses, by FIDEDUPERANGE.
 * event: file open
 */
#include "lib/adversary.h"

#include <linux/fs.h>
#include <sys/ioctl.h>

static int attempt(void)
{
        int mine = NEED(open(made(at("NEW", "mine"), "original\n"), O_RDWR)), secret = open(at("OUT", "file"), O_RDWR);
        char room[sizeof(struct file_dedupe_range) + sizeof(struct file_dedupe_range_info)] = "";
        struct file_dedupe_range *range = (void *)room;

        if (secret < 0)
                return -errno;
        range->src_length = 9;
        range->dest_count = 1;
        range->info[0].dest_fd = secret;
        NEED(ioctl(mine, FIDEDUPERANGE, range));
        return range->info[0].status;
}
