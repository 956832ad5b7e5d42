/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The same as core-dump, on an overlay, which makes the file on its upper layer too.
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
                NEED(chdir("/var/tmp"));
                abort();
        }
        NEED(waitpid(child, &status, 0));
        if (!WCOREDUMP(status) && stat("/var/tmp/core", &st) < 0)
                return -EACCES;
        NEED(unlink("/var/tmp/core"));
        return 0;
}
