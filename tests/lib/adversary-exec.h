/* SPDX-License-Identifier: Apache-2.0 */
/* Running a program, for the attempts that are about that. */
#ifndef HOLDFAST_TESTS_ADVERSARY_EXEC_H
#define HOLDFAST_TESTS_ADVERSARY_EXEC_H

#include "lib/adversary.h"

#include <sys/syscall.h>

/* Runs a program, or a descriptor; what exec came to. */
__attribute__((unused)) static int run(const char *path, int fd)
{
        int tell[2], error = 0;
        char *argv[] = { "program", NULL }, *envp[] = { NULL };
        pid_t child;

        NEED(pipe2(tell, O_CLOEXEC));
        child = NEED(fork());
        if (child == 0) {
                if (path)
                        execve(path, argv, envp);
                else
                        syscall(SYS_execveat, fd, "", argv, envp, AT_EMPTY_PATH);
                error = errno;
                NEED(write(tell[1], &error, sizeof(error)));
                _exit(127);
        }
        close(tell[1]);
        NEED(read(tell[0], &error, sizeof(error)));
        waitpid(child, NULL, 0);
        return -error;
}

#endif
