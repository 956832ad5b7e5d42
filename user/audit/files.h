/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files of one stream: the one that is written, say audit.ndjson, and those that were rotated away beside it, each named after
 * its first line: audit.ndjson.00000000000000000001. So their names sort as their lines do.
 */
#ifndef HOLDFAST_AUDIT_FILES_H
#define HOLDFAST_AUDIT_FILES_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The first line's number of each file that was rotated away, rising. */
struct files {
        uint64_t *first; /* owned */
        size_t count;
};

#define FILES_INIT \
        { \
                NULL, 0 \
        }
#define _cleanup_files_ __attribute__((cleanup(files_clear)))

/* Lists those that were rotated away from path. 0 or negative errno. */
int files_list(const char *path, struct files *ret);
void files_clear(struct files *f);

/* The path of the one that begins with this line; of the next one to be written while it gets its name; of the public key. 0 or
 * -ENAMETOOLONG. */
int files_rotated(const char *path, uint64_t first, char out[PATH_MAX]);
int files_next(const char *path, char out[PATH_MAX]);
int files_public_key(const char *path, char out[PATH_MAX]);

/* Whether path is named as a rotated file is: its first line's number, else 0; stem gets the length of the stream's path. */
uint64_t files_number(const char *path, size_t *stem);

/* The name without its folder. */
const char *files_name(const char *path);

#endif
