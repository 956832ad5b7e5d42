/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The audit stream: one JSON object a line, numbered without gaps, each line chained to the one before by SHA-256, and signed
 * checkpoints among them that vouch for all before. A crash at any byte leaves whole lines that verify, and writing goes on after them.
 *
 * The lines are in one file, or in several: once it is large or old, the file PATH becomes PATH.N, where N is the number of its first
 * line in 20 digits, and numbers and chain go on in a new PATH. PATH.pub has the public key.
 */
#ifndef HOLDFAST_AUDIT_AUDIT_H
#define HOLDFAST_AUDIT_AUDIT_H

#include "base/error.h"

#include <cjson/cJSON.h>
#include <stdint.h>

struct audit;

/* Called for each line after it is written; line ends with a newline and is valid during the call. */
typedef void (*audit_follower)(void *context, uint64_t seq, const char *line, size_t length);

struct audit_options {
        const char *key;      /* file of the key that signs checkpoints, made where missing (mode 0600); NULL: there are none */
        uint64_t rotate_size; /* bytes from which on a file is rotated away; 0: none */
        uint64_t rotate_age;  /* the same in ns since its first line; 0: none */
        uint64_t keep;        /* files that are kept of those rotated away; 0: all */
};

/*
 * Opens the stream for writing (mode 0600, made where missing; NULL is the default path), drops a last line that a crash cut short, and
 * goes on with the numbers and the chain of what is there. Only ends of files are read. options may be NULL: one file without
 * checkpoints. Errors: -EBUSY (locked: another process writes it), -EBADMSG (the file ends with something that is no cut line, which is
 * kept), -EINVAL (no regular file, or the key is none), what open(2) says.
 *
 * A checkpoint is a line of kind "checkpoint" (see checkpoint.h). It is written at the start and at the end, before a file is rotated
 * away, and after 1024 lines or a minute with lines. Files beyond those to keep are removed after a signed line {"kind":"admin",
 * "op":"audit-removed","first":N,"last":N,"last_hash":"…",…} said so. What of this fails is logged and tried again a minute later.
 */
int audit_open(const char *path, const struct audit_options *options, struct audit **ret, struct error *e);

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

/* Writes the checkpoint, and rotates the file, that time makes due. To be called about once a second. */
void audit_tick(struct audit *a);

/* Number of the last line that is in the file; 0: none yet. */
uint64_t audit_seq(const struct audit *a);

/*
 * Adds one that is shown each line after it is written, in order. It may append: those lines are written and shown after the
 * batch it is being shown. 0 or -ENOMEM.
 */
int audit_follow(struct audit *a, audit_follower follower, void *context);

/*
 * Reads the lines after number since, from the files, in order; begins with the first there is where older ones were removed; stops when
 * the callback returns non-zero and returns that. A NULL audit path is the default one. Finding the place takes a few reads however long
 * the files are. A line that is being written is not shown. May be used while the stream is being written, also from within a follower.
 * -EBADMSG where a line has no number.
 */
int audit_read(const char *path, uint64_t since, int (*line)(void *context, uint64_t seq, const char *line, size_t length), void *context,
               struct error *e);

/* What a check found. */
struct audit_report {
        uint64_t files, lines; /* read; on failure good lines, those before the bad one */
        uint64_t first, last;  /* numbers of the first and the last good line; 0: none */
        uint64_t checkpoints;  /* whose signatures are good */
        uint64_t vouched;      /* the last line that a signature vouches for; those after it are only chained */
        uint64_t removed;      /* lines 1 to this one are gone, and the stream says who removed them; 0: none */
        char key[65];          /* id of the key of the last checkpoint (SHA-256 of the public key, in hex); "" where there is none */
        char file[256];        /* name of the file with the bad line */
        uint64_t line, seq;    /* the bad line: where in that file, and its number as far as it has one; line 0: none */
};

/*
 * Checks all files of a stream: numbers, chain and signatures. path is the stream (NULL: the default one), a folder that holds
 * audit.ndjson, or one file that was rotated away, which is then checked alone. key is a file of public keys; NULL: PATH.pub, if it is
 * there. Needs memory for the longest line only. report may be NULL.
 *
 * 0, or -EBADMSG with the error naming the first bad line (by file, line and seq) and how it is bad: changed, removed, repeated, out of
 * order, inserted, not by the key. With a key, bad is also a stream without any checkpoint, or with more lines after the last than a daemon
 * leaves; without one, a stream that has checkpoints is -ENOKEY. An unfinished last line is bad unless a process is writing the
 * file just then. What this cannot show: that lines are missing at the end, from right after a checkpoint on, or all later files.
 */
int audit_verify(const char *path, const char *key, struct audit_report *report, struct error *e);

#endif
