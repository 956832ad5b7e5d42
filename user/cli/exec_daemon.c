/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/exec_daemon.h"

#include "base/cleanup.h"
#include "base/paths.h"
#include "cli/command.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

/* Where it was installed, else beside this program, as in the build folder. */
static int find(char path[PATH_MAX])
{
        ssize_t n;
        char self[PATH_MAX], *slash;

        if (path_installed(SUFFIX_DAEMON, path, PATH_MAX) == 0 && access(path, X_OK) == 0)
                return 0;
        n = readlink("/proc/self/exe", self, sizeof(self) - 1);
        if (n < 0)
                return -errno;
        self[n] = '\0';
        slash = strrchr(self, '/');
        if (!slash || snprintf(path, PATH_MAX, "%.*s/holdfastd", (int)(slash - self), self) >= PATH_MAX)
                return -ENOENT;
        return access(path, X_OK) < 0 ? -errno : 0;
}

int exec_daemon(char *argv[])
{
        char path[PATH_MAX];
        int r = find(path);

        if (r == 0) {
                argv[0] = path;
                execv(path, argv);
                r = -errno;
        }
        fprintf(stderr, "holdfast: cannot run holdfastd: %s; is it installed beside this program?\n", strerror(-r));
        return STATUS_FAILED;
}

int exec_wait(int (*become)(char *argv[]), char *argv[], struct buffer *out)
{
        int ends[2] = { -1, -1 }, status = 0, r = 0;
        pid_t pid;

        fflush(NULL);
        if (out && pipe2(ends, O_CLOEXEC) < 0)
                return STATUS_FAILED;
        pid = fork();
        if (pid == 0) {
                if (out)
                        dup2(ends[1], STDOUT_FILENO);
                _exit(become(argv));
        }
        cleanup_close(&ends[1]);
        if (pid > 0 && out)
                r = buffer_read(out, ends[0]);
        cleanup_close(&ends[0]);
        while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
                ;
        return pid > 0 && r == 0 && WIFEXITED(status) ? WEXITSTATUS(status) : STATUS_FAILED;
}

int exec_daemon_wait(char *argv[], struct buffer *out)
{
        return exec_wait(exec_daemon, argv, out);
}
