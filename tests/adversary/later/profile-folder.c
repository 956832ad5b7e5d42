/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes /etc/profile.d/mine.sh for all users.
 * event: file create
 * event of a user: file create | none: the mode of the folder
 * who: root
 * policy: agent
 */
#include "lib/adversary.h"

static int attempt(void)
{
        int result = put(open("/etc/profile.d/mine.sh", O_WRONLY | O_CREAT | O_EXCL, 0644));

        unlink("/etc/profile.d/mine.sh");
        return result;
}
