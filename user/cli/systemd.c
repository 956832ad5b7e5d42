/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/systemd.h"

#include "base/cleanup.h"
#include "cli/command.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define SLICE ".slice"

static int read_all(int fd, struct buffer *out)
{
        char chunk[4096];
        ssize_t n;

        while ((n = read(fd, chunk, sizeof(chunk))) != 0) {
                if (n < 0 && errno != EINTR)
                        return -errno;
                if (n > 0 && buffer_append(out, chunk, (size_t)n) < 0)
                        return -ENOMEM;
        }
        return buffer_append(out, "", 0);
}

int systemd_show(const char *unit, const char *properties, struct buffer *ret)
{
        int ends[2], status = 0, r;
        _cleanup_free_ char *loaded = NULL;
        const char *text;
        pid_t pid;

        fflush(NULL);
        if (pipe2(ends, O_CLOEXEC) < 0)
                return STATUS_FAILED;
        pid = fork();
        if (pid == 0) {
                dup2(ends[1], STDOUT_FILENO);
                execlp("systemctl", "systemctl", "show", "--property", "LoadState", "--property", properties, "--", unit, NULL);
                fprintf(stderr, "holdfast: cannot run systemctl: %s; is this a host with systemd?\n", strerror(errno));
                _exit(1);
        }
        close(ends[1]);
        r = pid < 0 ? -errno : read_all(ends[0], ret);
        close(ends[0]);
        while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
                ;
        if (r < 0 || !WIFEXITED(status) || WEXITSTATUS(status)) {
                fprintf(stderr, "holdfast: systemd does not tell what %s is\n", unit);
                return STATUS_FAILED;
        }
        text = ret->data;
        loaded = systemd_value(&text, "LoadState");
        if (loaded && !strcmp(loaded, "loaded"))
                return STATUS_DONE;
        fprintf(stderr, "holdfast: there is no unit %s that systemd could load (%s): systemctl status shows why\n", unit,
                loaded ? loaded : "unknown");
        return STATUS_ABSENT;
}

char *systemd_value(const char **text, const char *name)
{
        const size_t n = strlen(name);

        while (*text && **text) {
                const char *line = *text, *end = strchrnul(line, '\n');

                *text = *end ? end + 1 : end;
                if (!strncmp(line, name, n) && line[n] == '=')
                        return strndup(line + n + 1, (size_t)(end - line) - n - 1);
        }
        return NULL;
}

char *systemd_cgroup(const char *slice, const char *unit)
{
        const size_t n = strlen(slice) > strlen(SLICE) ? strlen(slice) - strlen(SLICE) : 0;
        char *path = malloc((strlen(slice) + 2) * (strlen(slice) + 1) + strlen(unit) + 3), *at = path;

        if (!path)
                return NULL;
        /* The root is "-.slice". */
        for (size_t i = 1; i <= n && strcmp(slice, "-" SLICE) != 0; i++)
                if (slice[i] == '-' || i == n)
                        at += sprintf(at, "/%.*s" SLICE, (int)i, slice);
        sprintf(at, "/%s", unit);
        return path;
}

char *systemd_program(const char *command)
{
        const char *path = strstr(command, "path="), *end = path ? strstr(path, " ; argv[]=") : NULL;

        return end ? strndup(path + strlen("path="), (size_t)(end - path) - strlen("path=")) : NULL;
}
