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
 * Opens the stream for writing (mode 0600, made where missing; NULL is the default path), drops a last line that a crash cut short, and
 * goes on with the numbers and the chain of what is there. Only the end of the file is read. Errors: -EBUSY (locked: another process writes
 * it), -EBADMSG (the file ends with something that is no cut line, which is kept), -EINVAL (no regular file), what open(2) says.
 */
int audit_open(const char *path, struct audit **ret, struct error *e);

/* Writes what is gathered and any loss not yet reported, syncs the file, closes. NULL is fine. */
void audit_close(struct audit *a);

/*
 * Appends an event: takes ownership of the object, puts seq and time first, prev and hash last; members of those names are dropped. hash is
 * the SHA-256, in hex, over the line as it stands without the hash member and the newline; prev is the hash of the line before (64 zeros
 * for the first). realtime_ns is when it happened (0: now), in ns since the epoch, and becomes RFC 3339 with nanoseconds in UTC. Strings
 * that may be no UTF-8 come by json_bytes(); if others are not, the line is valid JSON all the same.
 *
 * A line that cannot be written (disk full) takes no number; it is counted, and a line {"kind":"lost","count":N,"reason":"…"}
 * comes before the next that can be written. The same after a crash cut a line short. Returns the error; within audit_begin and
 * audit_end what goes wrong with the writing shows there. Events beyond 4 MiB are refused with -E2BIG, and counted as lost.
 */
int audit_append(struct audit *a, cJSON *event, uint64_t realtime_ns);

/*
 * Appends between begin and end are written with one system call (each full MiB of them with one more). They nest. end returns the first
 * error since begin. An end with nothing appended reports losses if that is possible by now.
 */
void audit_begin(struct audit *a);
int audit_end(struct audit *a);

/* Number of the last line that is in the file; 0: none yet. */
uint64_t audit_seq(const struct audit *a);

/*
 * Adds one that is shown each line after it is written, in order. It may append: those lines are written and shown after the
 * batch it is being shown. 0 or -ENOMEM.
 */
int audit_follow(struct audit *a, audit_follower follower, void *context);

/*
 * Reads the lines after number since, from the file, in order; stops when the callback returns non-zero and returns that.
 * A NULL audit path is the default one. Finding the place takes a few reads however long the file is. A line that is being written is
 * not shown. May be used while the stream is being written, also from within a follower. -EBADMSG where a line has no number.
 */
int audit_read(const char *path, uint64_t since, int (*line)(void *context, uint64_t seq, const char *line, size_t length), void *context,
               struct error *e);

/*
 * Checks numbers and chain of a whole file. 0, or -EBADMSG with the error naming the first bad line (by line number and seq) and how it is
 * bad. lines (may be NULL) gets the count of good lines, on failure of those before the bad one. An unfinished last line is
 * bad unless a process is writing the file just then. What the chain cannot show: that whole lines are missing at the end.
 */
int audit_verify(const char *path, uint64_t *lines, struct error *e);

#endif
