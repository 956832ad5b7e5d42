/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes /etc/systemd.mine for all users.
 * event: file create
 * event of a user: file create | none: the mode of the folder
 * who: root
 * policy: agent
 */
#include "lib/adversary.h"

static int attempt(void)
{
        int result = put(open("/etc/systemd.mine", O_WRONLY | O_CREAT | O_EXCL, 0644));

        unlink("/etc/systemd.mine");
        return result;
}
