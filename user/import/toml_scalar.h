/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of TOML that hold no others: blanks, strings, numbers; and what a reader has read so far. */
#ifndef HOLDFAST_IMPORT_TOML_SCALAR_H
#define HOLDFAST_IMPORT_TOML_SCALAR_H

#include "base/error.h"

#include <cjson/cJSON.h>
#include <stdbool.h>

struct toml {
        const char *at, *end;
        unsigned line;
        int depth; /* of the table that pairs go to */
        int values;
        cJSON *root, *table; /* the tree, and the table that pairs go to */
        struct error *e;
};

/* An error at this line; returns -EINVAL. */
int toml_fail(struct toml *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The same, of what stands here. */
int toml_wrong(struct toml *t, const char *expected);

/* The byte here, NUL at the end. */
static inline char toml_peek(const struct toml *t)
{
        return t->at < t->end ? *t->at : '\0';
}

/* Whether it stands here, and then goes past it. */
static inline bool toml_take(struct toml *t, char c)
{
        if (t->at == t->end || *t->at != c)
                return false;
        t->at++;
        return true;
}

void toml_skip_blanks(struct toml *t);
int toml_skip_lines(struct toml *t);  /* blanks, comments and ends of lines */
int toml_end_of_line(struct toml *t); /* blanks, a comment, then the end of the line or of the text */

/* A string in one or, where lines is set, also in three quotes; *ret is to be freed. */
int toml_string(struct toml *t, bool lines, char **ret);

/* A string, number or boolean. */
int toml_scalar(struct toml *t, cJSON **ret);

#endif
