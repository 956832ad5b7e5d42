/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/systemd.h"

#include "base/cleanup.h"
#include "cli/command.h"
#include "cli/exec_daemon.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SLICE ".slice"

/* What to show and of which unit are argv. */
static int become_systemctl(char *argv[])
{
        execlp("systemctl", "systemctl", "show", argv[0], "--", argv[1], NULL);
        fprintf(stderr, "holdfast: cannot run systemctl: %s; is this a host with systemd?\n", strerror(errno));
        return STATUS_FAILED;
}

int systemd_show(const char *unit, const char *properties, struct buffer *ret)
{
        _cleanup_free_ char *asked = NULL, *loaded = NULL;
        const char *text;

        if (asprintf(&asked, "--property=LoadState,%s", properties) < 0) {
                asked = NULL;
                return STATUS_FAILED;
        }
        if (exec_wait(become_systemctl, (char *[]){ asked, (char *)unit }, ret) != 0) {
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
