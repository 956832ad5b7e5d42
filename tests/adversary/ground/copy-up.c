/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes to a file of an overlay's lower layer, which the kernel would copy up for it.
 * event: file open
 * event of a user: file open | none: the kernel refuses it first
 * who: root
 */
#include "lib/adversary.h"

static int attempt(void)
{
        return put(open("/usr/share/base-files/motd", O_WRONLY | O_APPEND));
}
