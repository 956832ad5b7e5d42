/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads a JSON object by a table of the fields it may have. Whatever is not in the table, missing, or of the wrong form becomes a
 * finding at its JSON path, and reading goes on, so that all errors come at once.
 */
#ifndef HOLDFAST_POLICY_READER_H
#define HOLDFAST_POLICY_READER_H

#include "base/jsontext.h"

#include <stdint.h>

struct reader {
        struct findings *findings;
        struct where where; /* of the value being read */
        bool no_memory;
};

struct field {
        const char *name;
        const char *expected; /* "a name of …": what a right value looks like */
        /* Reads the value into target; NULL: this version cannot enforce the field, and advice says what to do instead. */
        void (*read)(struct reader *r, const cJSON *value, void *target);
        const char *advice;
        bool required;
};

/* Reads an object by fields, a table ended by a NULL name; findings where it is not one. */
void reader_object(struct reader *r, const cJSON *value, const struct field *fields, void *target);

/* Calls read for each element of an array of at least one; findings where it is not one. */
void reader_array(struct reader *r, const cJSON *value, void (*read)(struct reader *, const cJSON *, void *), void *target);

/* Adds a finding at the current place: what stands there, and what was expected. */
void reader_wrong(struct reader *r, const cJSON *value, const char *expected);

/* Adds a finding at the current place. */
void reader_say(struct reader *r, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Adds e's message at the current place and clears e. */
void reader_error(struct reader *r, struct error *e);

/* The text of a string, not empty, else NULL and a finding. Valid as long as the tree. */
const char *reader_string(struct reader *r, const cJSON *value, const char *expected);

/* A copy, or NULL with no_memory set. */
char *reader_copy(struct reader *r, const char *text);

/* A whole number from least to most. Returns false and a finding otherwise. */
bool reader_number(struct reader *r, const cJSON *value, uint32_t least, uint32_t most, uint32_t *ret);

/* The known name nearest to text, if it is near enough to be a slip; else NULL. names ends with NULL. */
const char *nearest_name(const char *text, const char *const *names);

#endif
