/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes /usr/bin/mine for all users.
 * event: file create
 * event of a user: file create | none: the mode of the folder
 * who: root
 * policy: agent
 */
#include "lib/adversary.h"

static int attempt(void)
{
        int result = put(open("/usr/bin/mine", O_WRONLY | O_CREAT | O_EXCL, 0644));

        unlink("/usr/bin/mine");
        return result;
}
