/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How things fail. Functions return 0 or a negative errno; one that a person will read about also takes a struct error, which
 * gains context on its way up. Outputs are untouched on failure.
 */
#ifndef HOLDFAST_BASE_ERROR_H
#define HOLDFAST_BASE_ERROR_H

#include <errno.h>
#include <stdbool.h>

struct error {
        int code;      /* negative errno, 0: none */
        char *message; /* owned; one sentence that says what, where and what to do */
};

#define ERROR_INIT \
        { \
                0, NULL \
        }
#define _cleanup_error_ __attribute__((cleanup(error_clear)))

/* Sets code and message, replacing what was there. e may be NULL. Returns code. Appends nothing: say strerror yourself where it helps. */
int error_set(struct error *e, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Puts "context: " before the message. Returns e->code. */
int error_prefix(struct error *e, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Frees the message; the error is then as new. */
void error_clear(struct error *e);

/* The message, or strerror of the code where there is none. Valid until e changes. */
const char *error_text(const struct error *e);

/*
 * Findings: all errors of one input at once, each with its place.
 */
struct finding {
        char *where; /* a JSON path such as $.capabilities.base.files[3].path, owned */
        char *what;  /* what was found and what was expected, owned */
};

struct findings {
        struct finding *list;
        int count; /* stored; at most FINDINGS_MAX */
        int total; /* found, also those beyond */
};

#define FINDINGS_INIT \
        { \
                NULL, 0, 0 \
        }
#define FINDINGS_MAX 100
#define _cleanup_findings_ __attribute__((cleanup(findings_clear)))

/* Adds one; memory running out is counted in total. */
void findings_add(struct findings *f, const char *where, const char *format, ...) __attribute__((format(printf, 3, 4)));
void findings_clear(struct findings *f);

/* Adds all of another one, each with "file: " before its place; file may be NULL. */
void findings_take(struct findings *to, const struct findings *from, const char *file);

#endif
