/* SPDX-License-Identifier: Apache-2.0 */
/* Memory that processes on both sides of the confinement share, and waiting for something in it with a limit. */
#ifndef HOLDFAST_TESTS_SHARED_H
#define HOLDFAST_TESTS_SHARED_H

#include "lib/attempt.h"

#include <stdatomic.h>
#include <stdint.h>
#include <sys/mman.h>
#include <time.h>

/* A page of memory: of a file that is made where it is missing, or, with NULL, one that only children share. */
static inline void *shared_page(const char *file)
{
        int fd = -1;
        void *at;

        if (file) {
                fd = NEED(open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0666));
                NEED(ftruncate(fd, 4096));
        }
        at = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | (file ? 0 : MAP_ANONYMOUS), fd, 0);
        NEED(at == MAP_FAILED ? -1 : 0);
        if (fd >= 0)
                close(fd);
        return at;
}

static inline uint64_t now_ns(void)
{
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        return (uint64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* Waits until the condition holds; the program ends when it has not after 30 s. */
#define AWAIT(condition) \
        do { \
                uint64_t until_ = now_ns() + 30000000000; \
\
                while (!(condition)) { \
                        struct timespec moment_ = { 0, 50000 }; \
\
                        errno = ETIMEDOUT; \
                        NEED(now_ns() < until_ ? 0 : -1); \
                        nanosleep(&moment_, NULL); \
                } \
        } while (0)

#endif
