/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Takes an extended attribute from a file outside.
 * event: file xattr
 */
#include "lib/adversary.h"

#include <sys/xattr.h>

static int attempt(void)
{
        return outcome(removexattr(at("OUT", "file"), "user.tag"));
}
