/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Revokes a key of a program outside.
 * event: guard key
 * policy: wide
 * targets: bystander session
 */
#include "lib/adversary.h"

#include <linux/keyctl.h>
#include <sys/syscall.h>

static int attempt(void)
{
        return outcome(syscall(SYS_keyctl, KEYCTL_REVOKE, scene_number("KEY")));
}
