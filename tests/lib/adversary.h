/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the programs of tests/adversary share. Each defines attempt(), which returns 0 when it got what it wanted, or the negative
 * errno of the step that mattered; it finds the scene in the environment (see tests/adversary/README.md).
 */
#ifndef HOLDFAST_TESTS_ADVERSARY_H
#define HOLDFAST_TESTS_ADVERSARY_H

#include "lib/attempt.h"

#include <stdarg.h>
#include <sys/wait.h>

static int attempt(void);

int main(void)
{
        return attempt_report(attempt());
}

/* Ends the attempt: this kernel does not have what it needs. */
__attribute__((noreturn, unused)) static void absent(const char *what)
{
        printf("absent %s\n", what);
        exit(2);
}

/* A word of the scene. */
__attribute__((unused)) static const char *scene(const char *name)
{
        const char *value = getenv(name);

        if (!value) {
                printf("broken: %s is not in the environment\n", name);
                exit(3);
        }
        return value;
}

__attribute__((unused)) static long scene_number(const char *name)
{
        return strtol(scene(name), NULL, 0);
}

/* The path below a folder of the scene: at("OUT", "file"). */
__attribute__((unused)) static char *at(const char *folder, const char *name)
{
        char *path;

        NEED(asprintf(&path, "%s/%s", scene(folder), name));
        return path;
}

__attribute__((unused, format(printf, 1, 2))) static char *text(const char *format, ...)
{
        va_list arguments;
        char *out;

        va_start(arguments, format);
        NEED(vasprintf(&out, format, arguments));
        va_end(arguments);
        return out;
}

/* Writes a byte to a descriptor that may be an open's failure. */
__attribute__((unused)) static int put(int fd)
{
        return fd < 0 ? -errno : outcome(write(fd, "x", 1));
}

__attribute__((unused)) static int get(int fd)
{
        char byte;

        return fd < 0 ? -errno : outcome(read(fd, &byte, 1));
}

/* Makes a file with these contents; returns its path. */
__attribute__((unused)) static char *made(char *path, const char *contents)
{
        int fd = NEED(open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644));

        NEED(write(fd, contents, strlen(contents)));
        close(fd);
        return path;
}

/* What a child came to that exits with 0 or an errno. */
__attribute__((unused)) static int child_result(pid_t child)
{
        int status;

        NEED(waitpid(child, &status, __WALL));
        errno = ECHILD;
        NEED(WIFEXITED(status) ? 0 : -1);
        return -WEXITSTATUS(status);
}

#endif
