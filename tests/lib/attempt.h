/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Programs of attempts: each attempt tries one thing that an agent may not get away with. The program prints "done" and exits 0
 * when it got what it wanted, "refused ERRNO" and exits 1 when the step that mattered failed, and "broken STEP: ERRNO" and exits
 * 3 when a step before it failed, so that a refusal for the wrong reason is not taken for the right one.
 */
#ifndef HOLDFAST_TESTS_ATTEMPT_H
#define HOLDFAST_TESTS_ATTEMPT_H

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct attempt {
        const char *name;
        int args;               /* how many arguments it takes; -1: any number */
        const char *what;       /* names of the arguments */
        int (*run)(char **arg); /* 0, or negative errno of the step that mattered */
};

/* The value of a step that has to work, or the end of the program. */
#define NEED(expression) \
        ({ \
                long value_ = (long)(expression); \
                if (value_ < 0) { \
                        printf("broken %s: %s\n", #expression, strerrorname_np(errno)); \
                        exit(3); \
                } \
                value_; \
        })

/* What a system call that was tried came to. */
static inline int outcome(long result)
{
        return result < 0 ? -errno : 0;
}

static inline int attempt_report(int result)
{
        if (result < 0)
                printf("refused %s\n", strerrorname_np(-result));
        else
                printf("done\n");
        fflush(stdout);
        return result < 0;
}

static inline int attempt_main(const struct attempt *attempts, size_t count, int argc, char **argv)
{
        for (size_t i = 0; argc > 1 && i < count; i++) {
                if (strcmp(attempts[i].name, argv[1]))
                        continue;
                if (attempts[i].args >= 0 && argc - 2 != attempts[i].args)
                        break;
                return attempt_report(attempts[i].run(argv + 2));
        }
        fprintf(stderr, "usage: %s ATTEMPT ARG...\n", argv[0]);
        for (size_t i = 0; i < count; i++)
                fprintf(stderr, "  %s %s\n", attempts[i].name, attempts[i].what);
        return 2;
}

#define ATTEMPT_MAIN(attempts) \
        int main(int argc, char **argv) \
        { \
                return attempt_main(attempts, sizeof(attempts) / sizeof((attempts)[0]), argc, argv); \
        }

#endif
