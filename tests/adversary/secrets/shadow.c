/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads the hashes of passwords.
 * event: file open
 * event of a user: file open | none: the mode of the file
 * who: root
 * policy: agent
 */
#include "lib/adversary.h"

static int attempt(void)
{
        return get(open("/etc/shadow", O_RDONLY));
}
