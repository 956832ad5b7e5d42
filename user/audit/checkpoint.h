/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checkpoints: lines of the stream that are signed, and so vouch for all lines before them.
 *   {"seq":N,"time":"T","kind":"checkpoint","key":"id","signature":"128 hex digits","prev":"P","hash":"…"}
 * What is signed, with Ed25519, is the text "holdfast checkpoint\nN-1\nP\nT\n": number and hash of the line before, and the time.
 */
#ifndef HOLDFAST_AUDIT_CHECKPOINT_H
#define HOLDFAST_AUDIT_CHECKPOINT_H

#include "audit/key.h"
#include "audit/line.h"

#include <cjson/cJSON.h>

/* The event that vouches for the line before and all before it; its line must get this time. NULL where it cannot be made. */
cJSON *checkpoint_event(const struct key *key, const struct line_position *before, uint64_t realtime_ns);

/* Checks the signature of a checkpoint after the line before. Returns NULL, or what is wrong. */
const char *checkpoint_check(const struct public_keys *keys, const cJSON *event, const struct line_position *before);

#endif
