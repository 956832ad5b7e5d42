/* SPDX-License-Identifier: Apache-2.0 */
/* Whole files, small ones: those of /proc, of cgroups, of policies. */
#ifndef HOLDFAST_DAEMON_FILE_H
#define HOLDFAST_DAEMON_FILE_H

#include <stddef.h>

/*
 * Reads a file (relative to folder, or AT_FDCWD), at most max bytes; ends it with a NUL that length (may be NULL) does not count.
 * -EFBIG when it is longer. The caller frees *ret.
 */
int file_read(int folder, const char *path, size_t max, char **ret, size_t *length);

/* The same of a file that is open. */
int file_read_all(int fd, size_t max, char **ret, size_t *length);

/* Writes text with one write(2), as kernel interfaces want it. */
int file_write(int folder, const char *path, const char *text);

/* The target of a symbolic link; the caller frees it. */
int file_readlink(int folder, const char *path, char **ret);

#endif
