/* SPDX-License-Identifier: Apache-2.0 */
/* Where a path leads now: the object there, the folders above it, and all that may change it. */
#ifndef HOLDFAST_DAEMON_WAY_H
#define HOLDFAST_DAEMON_WAY_H

#include "holdfast/abi.h"

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

struct way {
        int fd;       /* O_PATH, of a regular file; -1: there is none */
        dev_t device; /* as stat(2) has it */
        ino_t inode;
        int above[HF_EXECUTABLE_LEVELS]; /* O_PATH, as in struct kernel_executable, as far as there are */
        char name[HF_EXECUTABLE_LEVELS][NAME_MAX + 1];
        int levels;
        uid_t owner; /* the first user other than root who may change where it leads; (uid_t)-1: nobody */
        bool open;   /* anybody may */
};

#define WAY_INIT \
        { \
                .fd = -1, .owner = (uid_t)-1 \
        }

/*
 * Follows an absolute path, and each symbolic link on it. visit is called with each folder before a name is looked up in it. Returns 0,
 * also where nothing is there yet, or a negative errno; the way is to be cleared in both cases.
 */
int way_follow(const char *path, void (*visit)(void *context, int folder, const char *name), void *context, struct way *ret);
void way_clear(struct way *w);

#endif
