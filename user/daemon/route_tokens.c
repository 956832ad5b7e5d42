/* SPDX-License-Identifier: Apache-2.0 */
/* /v1/tokens: making, listing and revoking them. */
#include "base/json.h"
#include "base/time.h"
#include "daemon/access.h"
#include "daemon/daemon.h"
#include "daemon/events.h"
#include "daemon/routes.h"
#include "daemon/stream.h"
#include "daemon/tokens.h"

#include <gnutls/gnutls.h>
#include <stdio.h>
#include <string.h>

#define SECOND 1000000000ull
#define SECONDS_MAX (10ull * 366 * 24 * 3600)

static cJSON *token_json(const struct token *t)
{
        cJSON *o = cJSON_CreateObject();
        char time[TIME_TEXT_SIZE];

        if (!o)
                return NULL;
        cJSON_AddStringToObject(o, "id", t->id);
        json_add_text(o, "name", t->name);
        cJSON_AddStringToObject(o, "role", role_name(t->role) ? role_name(t->role) : "unknown");
        json_add_text(o, "creator", t->creator);
        cJSON_AddStringToObject(o, "created", time_format(t->created, time));
        if (t->expires)
                cJSON_AddStringToObject(o, "expires", time_format(t->expires, time));
        else
                cJSON_AddNullToObject(o, "expires");
        cJSON_AddBoolToObject(o, "expired", t->expires && t->expires <= time_now(CLOCK_REALTIME));
        return o;
}

static int add(void *context, const struct token *t)
{
        return cJSON_AddItemToArray(context, token_json(t)) ? 0 : -ENOMEM;
}

void route_tokens_list(struct http_request *r, void *context)
{
        struct daemon *d = context;
        _cleanup_error_ struct error e = ERROR_INIT;
        _cleanup_json_ cJSON *list = cJSON_CreateArray();

        if (tokens_each(d->store, add, list, &e) < 0)
                http_problem_errno(r, &e);
        else
                http_reply(r, 200, TAKE_PTR(list));
}

static bool read_name(struct http_request *r, const cJSON *body, struct token *t)
{
        static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-+:/@";
        const char *name;

        if (!request_text(r, body, "name", &name))
                return false;
        if (name && (!*name || strlen(name) >= sizeof(t->name) || strspn(name, allowed) != strlen(name))) {
                http_problem(r, 400, "bad-request", NULL, "$.name: expected 1 to %zu letters, digits or \"._-+:/@\"", sizeof(t->name) - 1);
                return false;
        }
        snprintf(t->name, sizeof(t->name), "%s", name ? name : "");
        return true;
}

static bool read_token(struct http_request *r, const cJSON *body, const struct peer *peer, struct token *t)
{
        static const char *const names[] = { "role", "name", "seconds", NULL };
        uint64_t seconds = 0;
        const char *role;
        int code;

        if (!request_members(r, body, names) || !request_text(r, body, "role", &role) || !read_name(r, body, t))
                return false;
        t->role = role ? role_parse(role) : CALLER_NONE;
        if (t->role == CALLER_NONE) {
                http_problem(r, 400, "bad-request", NULL, "$.role: expected \"viewer\", \"auditor\", \"operator\" or \"admin\"");
                return false;
        }
        code = json_get_u64(body, "seconds", &seconds);
        if (code == -EINVAL || (code == 0 && (seconds < 1 || seconds > SECONDS_MAX))) {
                http_problem(r, 400, "bad-request", NULL, "$.seconds: expected a number from 1 to %llu", SECONDS_MAX);
                return false;
        }
        t->created = time_now(CLOCK_REALTIME);
        t->expires = seconds ? t->created + seconds * SECOND : 0;
        if (peer->expires && (!t->expires || t->expires > peer->expires))
                t->expires = peer->expires; /* it ends with the token that makes it */
        if (access_may_grant(peer, t->role))
                return true;
        http_problem(r, 403, "role", NULL, "the role %s may do more than you may", role);
        return false;
}

static void report(struct daemon *d, const char *op, const char *reason, const char *actor, const struct token *t)
{
        cJSON *o = event_begin(d, NULL, "admin", "allow", actor);

        if (o) {
                cJSON_AddStringToObject(o, "op", op);
                cJSON_AddStringToObject(o, "reason", reason);
                cJSON_AddStringToObject(o, "token", t->id);
                if (t->role != CALLER_NONE)
                        cJSON_AddStringToObject(o, "role", role_name(t->role));
                if (*t->name)
                        json_add_text(o, "name", t->name);
        }
        event_emit_now(d, o);
}

void route_tokens_create(struct http_request *r, void *context)
{
        struct daemon *d = context;
        _cleanup_error_ struct error e = ERROR_INIT;
        char text[TOKEN_TEXT_SIZE] = "", actor[ACTOR_SIZE];
        struct token t = { "" };
        const cJSON *body;
        struct peer peer;
        cJSON *answer;

        if (access_peer(d, r, &peer) < 0 || !(body = http_json(r)) || !read_token(r, body, &peer, &t))
                return;
        snprintf(t.creator, sizeof(t.creator), "%s", peer_actor(&peer, actor));
        if (token_create(d->store, &t, text, &e) < 0) {
                http_problem_errno(r, &e);
                return;
        }
        report(d, "token-create", "a token was made", actor, &t);
        answer = token_json(&t);
        if (answer)
                cJSON_AddStringToObject(answer, "token", text);
        http_reply(r, 201, answer);
        gnutls_memset(text, 0, sizeof(text));
}

void route_token_revoke(struct http_request *r, void *context)
{
        struct daemon *d = context;
        _cleanup_error_ struct error e = ERROR_INIT;
        struct token t = { "" };
        char actor[ACTOR_SIZE];
        struct peer peer;

        if (access_peer(d, r, &peer) < 0)
                return;
        if (token_revoke(d->store, http_segment(r, "id"), &e) < 0) {
                http_problem_errno(r, &e);
                return;
        }
        snprintf(t.id, sizeof(t.id), "%s", http_segment(r, "id"));
        streams_revoke(d, t.id);
        report(d, "token-revoke", "a token was revoked", peer_actor(&peer, actor), &t);
        http_reply_empty(r, 204);
}
