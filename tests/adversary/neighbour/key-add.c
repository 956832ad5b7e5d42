/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Leaves a key with the user, where the user's other programs find it.
 * event: guard key
 * policy: wide
 */
#include "lib/adversary.h"

#include <linux/keyctl.h>
#include <sys/syscall.h>

static int attempt(void)
{
        long key = syscall(SYS_add_key, "user", "adversary", "x", 1, KEY_SPEC_USER_KEYRING);

        if (key < 0)
                return -errno;
        syscall(SYS_keyctl, KEYCTL_INVALIDATE, key);
        return 0;
}
