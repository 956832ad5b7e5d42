/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A policy that is being made out of settings, and what is left out of it. Memory that runs out is noted in it and told at the end, so that
 * those who add need not ask each time.
 */
#ifndef HOLDFAST_IMPORT_DRAFT_H
#define HOLDFAST_IMPORT_DRAFT_H

#include "base/buffer.h"
#include "base/error.h"
#include "base/jsontext.h"
#include "import/import.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

/* The capabilities of the policy. */
enum part { PART_READING, PART_WRITING, PART_NETWORK, PART_SOCKETS, PARTS };

struct lines {
        char **list;
        size_t n;
};

struct draft {
        const struct import_options *options;
        struct findings *findings;
        struct lines rules[PARTS];
        struct lines environment;
        struct left_out *left;
        size_t n_left, n_denials;
        bool no_memory;
};

/* What the loss of something means. */
enum loss {
        LOSS_TOLD,   /* the policy allows no more without it */
        LOSS_DENIAL, /* the policy allows more without it */
};

void draft_left_out(struct draft *d, enum loss loss, const char *where, const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Rules; one that is there already is not added again. allow or deny may be NULL. */
void draft_file(struct draft *d, enum part part, const char *path, const char *allow, const char *deny);
void draft_egress(struct draft *d, const char *kind, const char *name, unsigned port, const char *proto, bool deny);
void draft_environment(struct draft *d, const char *name);

/* The text of the policy. 0 or -ENOMEM. */
int draft_print(const struct draft *d, const char *name, const char *description, struct buffer *out);
void draft_clear(struct draft *d);

/*
 * Settings as they are read. Each takes the path of the object and adds the member's name to it; one of another type than expected is a
 * finding, and counts as not there.
 */
const cJSON *settings_object(struct draft *d, const cJSON *object, const char *name, struct where *w);
const char *settings_string(struct draft *d, const cJSON *object, const char *name, struct where *w);
bool settings_bool(struct draft *d, const cJSON *object, const char *name, struct where *w, bool otherwise);

/* Calls it for each string of an array. */
void settings_each(struct draft *d, const cJSON *object, const char *name, struct where *w,
                   void (*each)(struct draft *d, const char *text, const char *where, void *context), void *context);

/* Lists a member of the object at that path. */
void settings_left_out(struct draft *d, enum loss loss, struct where *w, const char *name, const char *why);

enum key_kind {
        KEY_KNOWN,  /* somebody reads it, or it decides nothing */
        KEY_TOLD,   /* left out, and the policy allows no more for that */
        KEY_DENIES, /* left out, and the policy allows more for that */
};

struct key_row {
        const char *name; /* NULL ends the table */
        enum key_kind kind;
        const char *why;
};

/*
 * Lists the members that have no counterpart, unless they are false or empty. One that is not in the table may deny something, and counts
 * as such; without strict it is passed over.
 */
void settings_keys(struct draft *d, const cJSON *object, struct where *w, const struct key_row *rows, bool strict);

#endif
