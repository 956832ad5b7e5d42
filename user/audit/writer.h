/* SPDX-License-Identifier: Apache-2.0 */
/* The writer's state, which writing (writer.c) and what is done at times beside it (upkeep.c) share. */
#ifndef HOLDFAST_AUDIT_WRITER_H
#define HOLDFAST_AUDIT_WRITER_H

#include "audit/audit.h"
#include "audit/key.h"
#include "audit/line.h"
#include "base/buffer.h"

#include <stdbool.h>
#include <stdint.h>

struct follower {
        audit_follower call;
        void *context;
};

/* Events that are not in the stream, and why. */
struct loss {
        uint64_t count;
        char reason[128];
};

enum loss_kind { LOSS_CRASH, LOSS_WRITE, LOSS_KINDS };

struct audit {
        int fd;
        char *path;                    /* owned */
        uint64_t end;                  /* bytes of whole lines in the file */
        bool torn;                     /* part of a line may follow them */
        uint64_t first, first_time;    /* number of the file's first line, and when it was (ns since the epoch; 0: there is none) */
        struct line_position written;  /* the last line in the stream */
        struct line_position composed; /* the last line in the batch */
        struct buffer batch, spare;
        struct loss losses[LOSS_KINDS];
        uint64_t reported[LOSS_KINDS]; /* of those, in the batch's first lines */
        int depth;                     /* of audit_begin */
        int error;                     /* the first since the outermost audit_begin */
        bool writing;                  /* a batch is being written or shown to followers */
        struct follower *followers;
        int n_followers;
        struct key *key;           /* NULL: there are no checkpoints */
        uint64_t rotate_size;      /* as in struct audit_options */
        uint64_t rotate_age;       /* the same */
        uint64_t keep;             /* the same */
        uint64_t signed_seq;       /* number of the last checkpoint of this writer */
        uint64_t signed_at;        /* when that was, ns of CLOCK_BOOTTIME */
        uint64_t upkeep_not_until; /* after a failure: the same clock */
        uint64_t remove_at;        /* when to look for old files to be removed: the same; 0: there are none */
        bool uncounted;            /* the batch is a checkpoint alone, which is no event that could be lost */
};

/* Writes the batch and shows it. Followers may append: that goes into the next batch. */
int writer_flush_batch(struct audit *a);

/* Opens and locks a file for writing at its end; flags are added to those of open(2). The descriptor, or negative errno. */
int writer_open(const char *path, int flags, struct error *e);

/* Does what is due: a checkpoint, or a rotation. To be called without a batch, with writing set; may leave one. */
void upkeep(struct audit *a);

/* Signs what no checkpoint vouches for yet; at_once: also where all is signed. 0, also without a key, or negative errno. */
int upkeep_sign(struct audit *a, bool at_once);

#endif
