/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes a file 300 folders deep below a folder outside.
 * event: file mkdir
 */
#include "lib/adversary.h"

#include <sys/stat.h>

static int attempt(void)
{
        NEED(chdir(at("OUT", "folder")));
        for (int i = 0; i < 300; i++) {
                if (mkdir("d", 0755) < 0)
                        return -errno;
                NEED(chdir("d"));
        }
        return put(open("new", O_WRONLY | O_CREAT, 0644));
}
