/* SPDX-License-Identifier: Apache-2.0 */
/* Values that free themselves at the end of their scope; taking a value out of one moves its ownership. */
#ifndef HOLDFAST_BASE_CLEANUP_H
#define HOLDFAST_BASE_CLEANUP_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define _cleanup_(f) __attribute__((cleanup(f)))

#define DEFINE_CLEANUP(type, free_function) \
        static inline __attribute__((unused)) void free_function##p(type *p) \
        { \
                if (*p) \
                        free_function(*p); \
        }

static inline void cleanup_free(void *p)
{
        free(*(void **)p);
}

static inline void cleanup_close(int *fd)
{
        if (*fd >= 0)
                close(*fd);
}

static inline void cleanup_fclose(FILE **f)
{
        if (*f)
                fclose(*f);
}

static inline void cleanup_closedir(DIR **d)
{
        if (*d)
                closedir(*d);
}

#define _cleanup_free_ _cleanup_(cleanup_free)
#define _cleanup_close_ _cleanup_(cleanup_close)
#define _cleanup_fclose_ _cleanup_(cleanup_fclose)
#define _cleanup_closedir_ _cleanup_(cleanup_closedir)

/* Gives the pointer away: its value, while the variable becomes NULL. */
#define TAKE_PTR(p) \
        ({ \
                __typeof__(p) taken_ = (p); \
                (p) = NULL; \
                taken_; \
        })

/* Gives the descriptor away: its value, while the variable becomes -1. */
#define TAKE_FD(fd) \
        ({ \
                int taken_ = (fd); \
                (fd) = -1; \
                taken_; \
        })

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#endif
