/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Empties a setuid program outside by truncate(2), which takes that bit away by the way where the caller may not keep it.
 * event: file setattr
 */
#include "lib/adversary.h"

#include <linux/capability.h>
#include <sys/syscall.h>

static int attempt(void)
{
        struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
        struct __user_cap_data_struct sets[2] = { 0 };

        NEED(syscall(SYS_capget, &head, sets));
        sets[0].effective &= ~(1U << CAP_FSETID);
        NEED(syscall(SYS_capset, &head, sets));
        return outcome(truncate(at("OUT", "setuid"), 0));
}
