/* SPDX-License-Identifier: Apache-2.0 */
/* What goes to stdout: JSON, tables, fields. */
#ifndef HOLDFAST_CLI_OUTPUT_H
#define HOLDFAST_CLI_OUTPUT_H

#include <cjson/cJSON.h>
#include <stdio.h>

/* Prints a tree as one line. Returns the status to exit with. */
int output_json(FILE *to, const cJSON *tree);

/* A member as text for people: "-" where it is absent, null or "". number is room for one that is a number. */
const char *output_field(const cJSON *object, const char *name, char number[32]);

/*
 * Prints an array of objects as a table, columns as wide as they must be. names (NULL-terminated) are members; each is its column's
 * heading, in capitals.
 */
void output_table(const cJSON *array, const char *const names[]);

/* Prints an object's members, one a line. */
void output_fields(const cJSON *object);

/* Says on stderr what a session had when it was attached that its policy refuses, and what became of each thing. */
void output_found(const cJSON *session);

/* Says on stderr which programs of the policy do not run, as the daemon's answer about a session has it. */
void output_unverified(const cJSON *session);

/* Text from outside without what a terminal would act on: control characters and marks of direction become "?". */
void output_safe(const char *text);
size_t output_safe_character(FILE *to, const char *text); /* one character; returns its bytes */
void output_safe_to(FILE *to, const char *text);

#endif
