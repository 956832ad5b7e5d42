/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes a ceiling of its own.
 * event: file mkdir | file create
 * event of a user: file mkdir | file create | none: the mode of the folder
 * who: root
 * policy: wide
 */
#include "lib/adversary.h"

#include <sys/stat.h>

static int attempt(void)
{
        int result;

        mkdir("/etc/holdfast", 0755);
        result = put(open("/etc/holdfast/mine.json", O_WRONLY | O_CREAT, 0644));
        unlink("/etc/holdfast/mine.json");
        return result;
}
