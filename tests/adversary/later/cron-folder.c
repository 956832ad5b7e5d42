/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes /etc/cron.d.mine for all users.
 * event: file create
 * event of a user: file create | none: the mode of the folder
 * who: root
 * policy: agent
 */
#include "lib/adversary.h"

static int attempt(void)
{
        int result = put(open("/etc/cron.d.mine", O_WRONLY | O_CREAT | O_EXCL, 0644));

        unlink("/etc/cron.d.mine");
        return result;
}
