/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Settings of other sandboxes to a policy. What cannot be said in a policy is never dropped without a word: each such thing is listed with
 * its place, and whether it was a denial, so that the policy would allow more than the settings did. Pure: reads no file.
 */
#ifndef HOLDFAST_IMPORT_IMPORT_H
#define HOLDFAST_IMPORT_IMPORT_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

#define IMPORT_TEXT_MAX (1u << 20) /* bytes of settings */

enum import_format { IMPORT_GUESS, IMPORT_SRT, IMPORT_CLAUDE, IMPORT_CODEX, IMPORT_FORMATS };

struct import_options {
        enum import_format format;
        const char *file;             /* its name helps to guess the format; NULL: not known */
        const char *name;             /* of the policy; NULL: "imported-" and the format */
        const char *home, *workspace; /* where they are now, to see which rules lie within others; NULL: not known */
};

/* Something of the settings that is not in the policy. */
struct left_out {
        char *where; /* JSON path, or the key of TOML */
        char *why;
        bool denies; /* without it the policy allows more than the settings */
};

struct imported {
        enum import_format format;
        char *policy; /* text that policy_parse() takes */
        struct left_out *left;
        size_t n_left, n_denials;
};

#define IMPORTED_INIT \
        { \
                0 \
        }
#define _cleanup_imported_ __attribute__((cleanup(imported_clear)))

/* "srt", "claude", "codex"; IMPORT_FORMATS: no such format. */
enum import_format import_format_parse(const char *name);
const char *import_format_name(enum import_format format);

/*
 * Returns 0 and the policy, to be cleared with imported_clear(); -EINVAL with findings where the settings are not understood, or what
 * comes out is no policy; or -ENOMEM.
 */
int import_settings(const char *text, size_t length, const struct import_options *options, struct imported *ret, struct findings *findings);
void imported_clear(struct imported *i);

#endif
