/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Leaves a POSIX queue behind that others would take for another program's.
 * event: guard ipc
 */
#include "lib/adversary.h"

#include <mqueue.h>
#include <sys/stat.h>

static int attempt(void)
{
        struct mq_attr a = { .mq_maxmsg = 1, .mq_msgsize = 8 };
        struct stat st;

        outcome(mq_open("/adversary", O_RDWR | O_CREAT, 0666, &a));
        if (stat("/dev/mqueue/adversary", &st) < 0)
                return errno == ENOENT ? -EACCES : -errno;
        mq_unlink("/adversary");
        return 0;
}
