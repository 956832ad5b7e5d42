/* SPDX-License-Identifier: Apache-2.0 */
/* What cJSON leaves to its users: bytes that are no text, numbers beyond 2^53, members by their exact names. */
#ifndef HOLDFAST_BASE_JSON_H
#define HOLDFAST_BASE_JSON_H

#include "base/buffer.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A JSON string from any bytes (paths, comm, arguments), NULL when memory runs out. The rule, which can be undone without doubt:
 *   - a NUL, and each byte that belongs to no valid UTF-8 character, becomes \xNN: a backslash, an x and two lower-case hex digits;
 *   - a backslash that already stands before an x and two hex digits becomes \x5c;
 *   - everything else stays as it is.
 * To undo: replace each \xNN by the byte NN. So text without such sequences, nearly all there is, reads as it is: "dev\disk" stays,
 * "a\xff" the text becomes "a\x5cxff", and the byte 0xff becomes "\xff". (JSON's own escapes come on top: "\\xff" in the line.)
 */
cJSON *json_bytes(const char *bytes, size_t n);

/* Adds json_bytes() of a string, or of n bytes, as a member. 0 or -ENOMEM. */
int json_add_bytes(cJSON *object, const char *name, const char *bytes, size_t n);
int json_add_text(cJSON *object, const char *name, const char *text);

/* Adds a number with all of its digits; cJSON's own are doubles. Readable by json_get_u64 only after printing and parsing, up to 2^53. */
int json_add_u64(cJSON *object, const char *name, uint64_t value);

/* The member of that exact name (case counts) and type, borrowed; NULL where there is none. */
const char *json_get_string(const cJSON *object, const char *name);
const cJSON *json_get_object(const cJSON *object, const char *name);
const cJSON *json_get_array(const cJSON *object, const char *name);

/* 0; -ENOENT where there is no such member; -EINVAL where it is not a boolean, or not a whole number from 0 to 2^53. */
int json_get_bool(const cJSON *object, const char *name, bool *ret);
int json_get_u64(const cJSON *object, const char *name, uint64_t *ret);

/* Frees a tree at the end of a scope: _cleanup_json_ cJSON *tree = …; */
void json_cleanup(cJSON **tree);
#define _cleanup_json_ __attribute__((cleanup(json_cleanup)))

/*
 * Appends the tree to a buffer as one line of valid JSON (no newline at its end), whatever strings are in it: bytes that are no
 * UTF-8 and did not come by json_bytes() are written as \xNN. 0, -ENOMEM, or -E2BIG beyond max bytes; the buffer is then as it was.
 */
int json_print(struct buffer *out, const cJSON *tree, size_t max);

#endif
