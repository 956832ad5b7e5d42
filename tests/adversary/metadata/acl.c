/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Gives everybody a file outside by its access control list.
 * event: file xattr
 */
#include "lib/adversary.h"

#include <sys/xattr.h>

static int attempt(void)
{
        /* The list of the mode 0666, as the kernel takes it: version 2, then tag, permissions and id of each entry. */
        static const unsigned char list[] = { 2, 0, 0,   0,   1,   0,   6,  0, 255, 255, 255, 255, 4,   0,
                                              6, 0, 255, 255, 255, 255, 32, 0, 6,   0,   255, 255, 255, 255 };

        return outcome(setxattr(at("OUT", "file"), "system.posix_acl_access", list, sizeof(list), 0));
}
