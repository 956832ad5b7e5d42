/* SPDX-License-Identifier: Apache-2.0 */
/* Reports of drills that are kept: STATE/drills/TIME-ID.json, signed, for root only. */
#ifndef HOLDFAST_DAEMON_DRILLS_H
#define HOLDFAST_DAEMON_DRILLS_H

#include "base/buffer.h"
#include "base/error.h"

#include <cjson/cJSON.h>
#include <stdint.h>

#define DRILLS_KEPT 24
#define DRILL_ID_MAX 32

/* When drills ended that were reported, in ns since the epoch; 0: never. */
struct drills {
        uint64_t last, passed;
};

/* Reads of the reports in STATE/drills, which need not be there, when the last drill ended and when the last one passed. */
void drills_read(const char *state, struct drills *ret);

/*
 * Stores a report, and removes the oldest beyond DRILLS_KEPT, but never the last that passed. time is when it was reported, ns since the
 * epoch. *path gets the file, which the caller frees. -EEXIST where there is one of that id and second.
 */
int drills_store(const char *state, uint64_t time, const char *id, const struct buffer *report, char **path, struct error *e);

/* All of them, oldest first: an array of {"id", "recorded", "passed", "actor", "host", "path", "sha256"}. NULL without memory. */
cJSON *drills_list(const char *state);

/* SHA-256 of a report, in hex. */
void drill_digest(const void *bytes, size_t length, char hex[65]);

#endif
