/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads an extended attribute of a file outside.
 * event: file xattr
 */
#include "lib/adversary.h"

#include <sys/xattr.h>

static int attempt(void)
{
        char value[16];

        return outcome((int)getxattr(at("OUT", "file"), "user.tag", value, sizeof(value)));
}
