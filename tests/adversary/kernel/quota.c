/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Turns quotas on.
 * event: guard capability
 * event of a user: guard capability | none: the kernel refuses it first
 * who: root
 * policy: wide
 */
#include "lib/adversary.h"

#include <sys/quota.h>

static int attempt(void)
{
        int result = outcome(quotactl(QCMD(Q_QUOTAON, USRQUOTA), scene("DISK"), 2, NULL));

        return result == -ENOSYS || result == -EINVAL || result == -EFAULT || result == -ENOTBLK || result == -EEXIST || result == -ESRCH
                       ? 0
                       : result;
}
