/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Has a key of a console type something else, for whoever sits there later.
 * event: guard ioctl
 */
#include "lib/adversary.h"

#include <linux/kd.h>
#include <pty.h>
#include <sys/ioctl.h>

static int attempt(void)
{
        struct kbsentry string = { .kb_func = 0, .kb_string = "date\n" };
        int master, terminal, result;

        NEED(openpty(&master, &terminal, NULL, NULL, NULL));
        result = outcome(ioctl(terminal, KDSKBSENT, &string));
        return result == -ENOTTY || result == -EINVAL ? 0 : result; /* a console would have done it */
}
