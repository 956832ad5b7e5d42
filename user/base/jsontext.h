/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Strict JSON (RFC 8259) in front of cJSON, which forgives too much where a text decides about security: it takes control
 * characters as white space, ends a string at \u0000 and keeps the first of two equal keys. Knows nothing of policies.
 */
#ifndef HOLDFAST_BASE_JSONTEXT_H
#define HOLDFAST_BASE_JSONTEXT_H

#include "base/error.h"

#include <cjson/cJSON.h>
#include <stddef.h>

#define JSON_TEXT_MAX (16u << 20) /* bytes */
#define JSON_NESTING_MAX 32       /* levels */
#define JSON_VALUES_MAX 1200000u  /* values in one text, keys not counted */

/* The JSON path of a value, as it grows and shrinks while a tree is read. Longer ones are cut. */
struct where {
        char text[2048];
        size_t length;
};

#define WHERE_INIT \
        { \
                "$", 1 \
        }

/* Bytes that text_show() needs at most, the NUL included. */
#define TEXT_SHOW_MAX 128

/* Adds a key or an index; returns the length to go back to with where_pop(). */
size_t where_key(struct where *w, const char *key);
size_t where_index(struct where *w, size_t index);
void where_pop(struct where *w, size_t length);

/* Writes text between quotes, with whatever is not printable escaped, shortened after some 80 bytes. Returns out. */
const char *text_show(const char *text, char out[TEXT_SHOW_MAX]);

/*
 * Parses text of length bytes (no NUL needed at its end). Refuses with findings: more than JSON_TEXT_MAX bytes, more than
 * JSON_NESTING_MAX levels or JSON_VALUES_MAX values, invalid UTF-8, NUL in a string, any error of syntax (with line and column, both from
 * 1, columns in characters). Duplicate keys are findings too, but the tree is still returned, so that the caller finds the rest.
 * Returns 0 and a tree to be freed with cJSON_Delete, -EINVAL or -ENOMEM.
 */
int json_load(const char *text, size_t length, cJSON **ret, struct findings *findings);

/* Checks the grammar alone: what json_load() does before cJSON sees the text. Returns 0 or -EINVAL with one finding. */
int json_check(const char *text, size_t length, struct findings *findings);

#endif
