/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Gives a file outside an extended attribute.
 * event: file xattr
 */
#include "lib/adversary.h"

#include <sys/xattr.h>

static int attempt(void)
{
        return outcome(setxattr(at("OUT", "file"), "user.mine", "x", 1, 0));
}
