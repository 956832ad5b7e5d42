/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One line of the stream, as writer, recovery, reader and verifier agree on it:
 *   {"seq":N,"time":"…Z", …the event's members… ,"prev":"64 hex digits","hash":"64 hex digits"}\n
 * hash is the SHA-256 of the line as it would be without the member hash and the newline: {"seq":N, … ,"prev":"…"}
 */
#ifndef HOLDFAST_AUDIT_LINE_H
#define HOLDFAST_AUDIT_LINE_H

#include "base/buffer.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

#define LINE_EVENT_MAX (4u << 20) /* bytes of an event's own members */
#define LINE_HASH_LENGTH 64
#define LINE_TAIL_LENGTH (sizeof(",\"prev\":\"\",\"hash\":\"\"}") - 1 + 2 * LINE_HASH_LENGTH)

/* A place in the chain: the number and the hash of a line. Before the first line: 0 and zeros. */
struct line_position {
        uint64_t seq;
        char hash[LINE_HASH_LENGTH + 1];
};

#define LINE_POSITION_FIRST \
        { \
                0, "0000000000000000000000000000000000000000000000000000000000000000" \
        }

/*
 * Appends the line after position, newline included, and moves position to it. The event loses members named as the stream's own.
 * 0, -ENOMEM, -E2BIG or -EINVAL (no object); buffer and position are then as they were.
 */
int line_compose(struct buffer *out, struct line_position *position, cJSON *event, uint64_t realtime_ns);

/* The number that a line begins with, or 0 where it does not begin as one does. */
uint64_t line_seq(const char *line, size_t length);

/* Whether text could be the beginning of the line with that number: it agrees as far as it goes. */
bool line_may_begin(const char *text, size_t length, uint64_t seq);

/*
 * Checks one line (without its newline) by itself: its form, and its hash against its text. Changes nothing. Returns NULL and the
 * position, and prev to be compared with the line before (it points into line, LINE_HASH_LENGTH long); else what is wrong.
 */
const char *line_check(const char *line, size_t length, struct line_position *position, const char **prev);

#endif
