/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opens a symlink that another process swaps in a tight loop between a file of the workspace and one outside.
 * event: file open
 */
#include "lib/adversary.h"

#include <signal.h>
#include <sys/stat.h>

static int attempt(void)
{
        const char *denied = at("OUT", "file"), *allowed = made(at("NEW", "file"), "mine");
        struct stat target, got;
        int result = -ETIMEDOUT;
        pid_t swapper;

        NEED(stat(denied, &target));
        swapper = NEED(fork());
        for (; swapper == 0;) {
                unlink("other");
                NEED(symlink(denied, "other"));
                NEED(rename("other", "link"));
                NEED(symlink(allowed, "other"));
                NEED(rename("other", "link"));
        }
        for (int i = 0; i < 20000 && result; i++) {
                int fd = open("link", O_WRONLY | O_APPEND);

                if (fd < 0) {
                        result = errno == ENOENT ? result : -errno;
                        continue;
                }
                NEED(fstat(fd, &got));
                if (got.st_ino == target.st_ino && got.st_dev == target.st_dev)
                        result = 0;
                close(fd);
                if (result == -EACCES && i > 500)
                        break;
        }
        kill(swapper, SIGKILL);
        waitpid(swapper, NULL, 0);
        return result;
}
