/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Enters a folder outside and dies there, so that the kernel writes a core file.
 * event: file create
 */
#include "lib/adversary.h"

#include <sys/resource.h>
#include <sys/stat.h>

static int attempt(void)
{
        struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };
        struct stat st;
        int status;
        pid_t child = NEED(fork());

        if (child == 0) {
                if (setrlimit(RLIMIT_CORE, &all) < 0)
                        setrlimit(RLIMIT_CORE, &(struct rlimit){ 1 << 26, 1 << 26 });
                NEED(chdir(at("OUT", "folder")));
                abort();
        }
        NEED(waitpid(child, &status, 0));
        return WCOREDUMP(status) || stat(at("OUT", "folder/core"), &st) == 0 ? 0 : -EACCES;
}
