/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The audit stream: one JSON object a line, numbered without gaps, each line chained to the one before by SHA-256. A crash at
 * any byte leaves a file whose whole lines verify, and writing goes on after them.
 */
#ifndef HOLDFAST_AUDIT_AUDIT_H
#define HOLDFAST_AUDIT_AUDIT_H

#include "base/error.h"

#include <cjson/cJSON.h>
#include <stdint.h>

struct audit;

/* Called for each line after it is written; line ends with a newline and is valid during the call. */
typedef void (*audit_follower)(void *context, uint64_t seq, const char *line, size_t length);

/*
 * Opens the stream for writing (mode 0600, made where missing), drops a last line that a crash cut short, and goes on with the
 * numbers and the chain of what is there. Locks the file: a second writer gets -EBUSY.
 */
int audit_open(const char *path, struct audit **ret, struct error *e);
void audit_close(struct audit *a);

/*
 * Appends an event: takes ownership of the object, puts seq and time first, prev and hash last. hash is the SHA-256, in hex, over the line as
 * it stands without the hash member; prev is the hash of the line before (64 zeros for the first). realtime_ns is when it
 * happened (0: now), in ns since the epoch, and becomes RFC 3339 with nanoseconds in UTC.
 * A line that cannot be written (disk full) is counted and reported by a "lost" event once writing works again; returns the error.
 */
int audit_append(struct audit *a, cJSON *event, uint64_t realtime_ns);

/* Several appends between begin and end are written with one system call. */
void audit_begin(struct audit *a);
int audit_end(struct audit *a);

/* Number of the last line; 0: none yet. */
uint64_t audit_seq(const struct audit *a);

void audit_follow(struct audit *a, audit_follower follower, void *context);

/*
 * Reads the lines after number since, from the file, in order; stops when the callback returns non-zero and returns that.
 * A NULL audit path is the default one. Used by the API and by verify alike.
 */
int audit_read(const char *path, uint64_t since, int (*line)(void *context, uint64_t seq, const char *line, size_t length), void *context,
               struct error *e);

/* Checks numbers and chain of a whole file. 0, or -EBADMSG with the error naming the first bad line (by line number and seq) and how it is bad. lines gets the count. */
int audit_verify(const char *path, uint64_t *lines, struct error *e);

#endif
