/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/tokens.h"

#include "daemon/sql.h"

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#define HASH_SIZE 32
#define HASH_TEXT_SIZE (2 * HASH_SIZE + 1)
#define PREFIX "hf_"
#define COLUMNS "id, name, role, creator, created, expires, hash"

static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz234567";

int tokens_prepare(struct store *s, struct error *e)
{
        return sql_run(s, e,
                       "CREATE TABLE IF NOT EXISTS tokens (id TEXT PRIMARY KEY, name TEXT NOT NULL, role TEXT NOT NULL,"
                       " creator TEXT NOT NULL, created INTEGER NOT NULL, expires INTEGER NOT NULL DEFAULT 0, hash TEXT NOT NULL)",
                       "");
}

/* One SHA-256 is enough: slow hashes are for what people choose, and nobody tries 256 random bits. */
static void hash_secret(const char *secret, char out[HASH_TEXT_SIZE])
{
        unsigned char digest[HASH_SIZE];

        gnutls_hash_fast(GNUTLS_DIG_SHA256, secret, strlen(secret), digest);
        for (size_t i = 0; i < HASH_SIZE; i++)
                snprintf(out + 2 * i, 3, "%02x", digest[i]);
}

/* A letter has 5 bits of a random byte; 52 of them are 260 bits. */
static int new_secret(char out[TOKEN_SECRET_LENGTH + 1])
{
        unsigned char bytes[TOKEN_SECRET_LENGTH];

        if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
                return -EIO;
        for (size_t i = 0; i < sizeof(bytes); i++)
                out[i] = alphabet[bytes[i] & 31];
        out[TOKEN_SECRET_LENGTH] = '\0';
        gnutls_memset(bytes, 0, sizeof(bytes));
        return 0;
}

static int count(struct store *s, struct error *e)
{
        _cleanup_stmt_ sqlite3_stmt *stmt = NULL;
        int r = sql_prepare(s, &stmt, e, "SELECT count(*) FROM tokens", "");

        if (r >= 0)
                r = sql_step(s, stmt, e);
        return r > 0 ? sqlite3_column_int(stmt, 0) : r;
}

int token_create(struct store *s, struct token *t, char text[TOKEN_TEXT_SIZE], struct error *e)
{
        char secret[TOKEN_SECRET_LENGTH + 1], hash[HASH_TEXT_SIZE];
        int r = count(s, e);

        if (r < 0)
                return r;
        if (r >= TOKENS_MAX)
                return error_set(e, -ENOSPC, "there are %d tokens already: revoke some", r);
        r = new_secret(secret);
        if (r < 0)
                return error_set(e, r, "the kernel gives no random bytes");
        id_new(t->id);
        hash_secret(secret, hash);
        r = sql_run(s, e, "INSERT INTO tokens (" COLUMNS ") VALUES (?,?,?,?,?,?,?)", "ttttiit", t->id, t->name, role_name(t->role),
                    t->creator, (int64_t)t->created, (int64_t)t->expires, hash);
        if (r >= 0)
                snprintf(text, TOKEN_TEXT_SIZE, PREFIX "%s_%s", t->id, secret);
        gnutls_memset(secret, 0, sizeof(secret));
        return r;
}

static void copy(char *to, size_t size, sqlite3_stmt *stmt, int column)
{
        const char *text = (const char *)sqlite3_column_text(stmt, column);

        snprintf(to, size, "%s", text ? text : "");
}

/* False where its role is none that this version knows. */
static bool read_token(sqlite3_stmt *stmt, struct token *t)
{
        char role[16];

        copy(t->id, sizeof(t->id), stmt, 0);
        copy(t->name, sizeof(t->name), stmt, 1);
        copy(role, sizeof(role), stmt, 2);
        copy(t->creator, sizeof(t->creator), stmt, 3);
        t->role = role_parse(role);
        t->created = (uint64_t)sqlite3_column_int64(stmt, 4);
        t->expires = (uint64_t)sqlite3_column_int64(stmt, 5);
        return t->role != CALLER_NONE;
}

/* 1, 0 where there is no such token, or negative errno. hash may be NULL. */
static int look_up(struct store *s, const char *id, struct token *t, char hash[HASH_TEXT_SIZE], struct error *e)
{
        _cleanup_stmt_ sqlite3_stmt *stmt = NULL;
        int r = sql_prepare(s, &stmt, e, "SELECT " COLUMNS " FROM tokens WHERE id = ?", "t", id);

        if (r >= 0)
                r = sql_step(s, stmt, e);
        if (r <= 0)
                return r;
        if (hash)
                copy(hash, HASH_TEXT_SIZE, stmt, 6);
        return read_token(stmt, t);
}

static bool is_over(const struct token *t, uint64_t now)
{
        return t->expires && t->expires <= now;
}

/* Splits "hf_ID_SECRET"; false for anything else, before the database is asked. */
static bool split(const char *text, char id[ID_SIZE], char hash[HASH_TEXT_SIZE])
{
        const char *secret = text + strlen(PREFIX) + ID_LENGTH + 1;

        if (strlen(text) != TOKEN_TEXT_SIZE - 1 || strncmp(text, PREFIX, strlen(PREFIX)) != 0 || secret[-1] != '_' ||
            strspn(secret, alphabet) != TOKEN_SECRET_LENGTH)
                return false;
        snprintf(id, ID_SIZE, "%s", text + strlen(PREFIX));
        hash_secret(secret, hash);
        return strspn(id, alphabet) == ID_LENGTH;
}

int token_find(struct store *s, const char *text, uint64_t now, struct token *ret)
{
        char id[ID_SIZE], given[HASH_TEXT_SIZE], kept[HASH_TEXT_SIZE] = "";
        struct token t = { "" };
        int r;

        if (!split(text, id, given))
                return -EACCES;
        r = look_up(s, id, &t, kept, NULL);
        if (r < 0)
                return r;
        if (r == 0 || gnutls_memcmp(given, kept, sizeof(given)) != 0 || is_over(&t, now))
                return -EACCES;
        *ret = t;
        return 0;
}

int token_revoke(struct store *s, const char *id, struct error *e)
{
        struct token t = { "" };
        int r = look_up(s, id, &t, NULL, e);

        if (r < 0)
                return r;
        if (!*t.id)
                return error_set(e, -ENOENT, "there is no token \"%s\"; holdfast token list lists them", id);
        return sql_run(s, e, "DELETE FROM tokens WHERE id = ?", "t", id);
}

int tokens_each(struct store *s, int (*each)(void *context, const struct token *t), void *context, struct error *e)
{
        _cleanup_stmt_ sqlite3_stmt *stmt = NULL;
        int r = sql_prepare(s, &stmt, e, "SELECT " COLUMNS " FROM tokens ORDER BY created, id", "");

        if (r < 0)
                return r;
        while ((r = sql_step(s, stmt, e)) > 0) {
                struct token t = { "" };

                read_token(stmt, &t);
                r = each(context, &t);
                if (r < 0)
                        return error_set(e, r, "out of memory");
        }
        return r;
}
