/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Gives a program of the workspace a Linux capability.
 * event: guard capability | guard xattr
 * event of a user: guard capability | guard xattr | none: the kernel refuses it first
 * who: root
 */
#include "lib/adversary.h"

#include <sys/xattr.h>

static int attempt(void)
{
        static const unsigned int value[] = { 0x02000001, 1 << 21, 0, 0, 0 };

        return outcome(setxattr(made(at("NEW", "program"), "#!/bin/sh\n"), "security.capability", value, sizeof(value), 0));
}
