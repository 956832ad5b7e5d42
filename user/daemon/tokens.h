/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tokens: a role for whoever holds the text. They are in a table of their own of the database, and looked up there for each request, so
 * that a revocation and an expiry hold at once.
 */
#ifndef HOLDFAST_DAEMON_TOKENS_H
#define HOLDFAST_DAEMON_TOKENS_H

#include "base/error.h"
#include "daemon/id.h"
#include "daemon/roles.h"

#include <stdbool.h>
#include <stdint.h>

struct store;

#define TOKENS_MAX 1000
#define TOKEN_NAME_SIZE 49
#define TOKEN_SECRET_LENGTH 52                                             /* of base32: 256 bits and a little */
#define TOKEN_TEXT_SIZE (sizeof("hf__") + ID_LENGTH + TOKEN_SECRET_LENGTH) /* "hf_" id "_" secret, and its NUL */

struct token {
        char id[ID_SIZE]; /* public */
        char name[TOKEN_NAME_SIZE];
        enum caller role;
        char creator[160];
        uint64_t created, expires; /* ns since the epoch; expires 0: never */
};

/* Makes the table where it is not there. */
int tokens_prepare(struct store *s, struct error *e);

/*
 * Makes a token of the name, role, creator, created and expires in t, whose id it sets. text gets what its holder shows: it is nowhere
 * else. -ENOSPC beyond TOKENS_MAX.
 */
int token_create(struct store *s, struct token *t, char text[TOKEN_TEXT_SIZE], struct error *e);

/* The token of a text. -EACCES where there is none, the secret is wrong, or it has expired by now (ns since the epoch). */
int token_find(struct store *s, const char *text, uint64_t now, struct token *ret);

int token_revoke(struct store *s, const char *id, struct error *e); /* -ENOENT */
int tokens_each(struct store *s, int (*each)(void *context, const struct token *t), void *context, struct error *e);

#endif
