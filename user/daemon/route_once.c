/* SPDX-License-Identifier: Apache-2.0 */
/* The header Idempotency-Key: a request that is repeated, because its answer did not arrive, is not carried out again. */
#include "base/cleanup.h"
#include "base/log.h"
#include "base/time.h"
#include "daemon/access.h"
#include "daemon/daemon.h"
#include "daemon/replays.h"
#include "daemon/routes.h"

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <stdio.h>
#include <string.h>

static bool key_valid(struct http_request *r, const char *key)
{
        size_t n = strlen(key);

        for (size_t i = 0; i < n; i++)
                if (key[i] < 0x21 || key[i] > 0x7e)
                        n = 0;
        if (n >= 1 && n <= REPLAYS_KEY_MAX)
                return true;
        http_problem(r, 400, "bad-request", NULL, "Idempotency-Key: expected 1 to %d printable characters of ASCII, without spaces",
                     REPLAYS_KEY_MAX);
        return false;
}

/* What is asked, so that another request is told from the same one. */
static int digest(struct http_request *r, const struct peer *peer, bool by_caller, uint8_t ret[REPLAYS_DIGEST])
{
        gnutls_hash_hd_t hash;
        size_t length = 0;
        const char *text = http_body(r, &length);

        if (gnutls_hash_init(&hash, GNUTLS_DIG_SHA256) < 0)
                return -ENOMEM;
        if (by_caller) {
                gnutls_hash(hash, &peer->pid, sizeof(peer->pid));
                gnutls_hash(hash, &peer->start, sizeof(peer->start));
        }
        gnutls_hash(hash, text, length);
        gnutls_hash_deinit(hash, ret);
        return 0;
}

/* The answer of before, if there is one; or that the key is of another request. */
static bool answered(struct daemon *d, struct http_request *r, uid_t uid, const char *operation, const char *key, const uint8_t *request)
{
        const struct replay *before = replays_find(&d->replays, uid, operation, key, time_now(CLOCK_BOOTTIME));

        if (!before)
                return false;
        if (memcmp(before->request, request, REPLAYS_DIGEST) != 0)
                http_problem(r, 422, "key-used", NULL, "Idempotency-Key: it was used for another request; take a new one");
        else
                http_reply_text(r, before->status, "application/json", before->text, before->length);
        return true;
}

/* What was refused was not done: only what was done is not done again. */
static void keep(struct daemon *d, struct http_request *r, uid_t uid, const char *operation, const char *key, const uint8_t *request)
{
        const char *text;
        size_t length;
        int status, code;

        if (!http_answer(r, &status, &text, &length) || status < 200 || status > 299)
                return;
        code = replays_add(&d->replays, uid, operation, key, request, status, text, length, time_now(CLOCK_BOOTTIME));
        if (code < 0)
                log_warning("%s: its answer is not kept for a repetition: %s", operation, strerror(-code));
}

/* by_caller: the request means whoever sends it, so that it is another from another process. */
static void once(struct http_request *r, struct daemon *d, const char *operation, bool by_caller,
                 void (*handle)(struct http_request *r, void *context))
{
        const char *given = http_header(r, "Idempotency-Key");
        uint8_t request[REPLAYS_DIGEST];
        char key[REPLAYS_KEY_SIZE];
        struct peer peer;

        if (!given) {
                handle(r, d);
                return;
        }
        if (access_peer(d, r, &peer) < 0 || !key_valid(r, given))
                return;
        snprintf(key, sizeof(key), "%s %s", peer.token, given); /* each token has keys of its own */
        if (digest(r, &peer, by_caller, request) < 0) {
                http_problem(r, 503, "busy", NULL, "out of memory");
                return;
        }
        if (answered(d, r, peer.who, operation, key, request))
                return;
        handle(r, d);
        keep(d, r, peer.who, operation, key, request);
}

void route_kills_set_once(struct http_request *r, void *context)
{
        once(r, context, "POST /v1/kills", false, route_kills_set);
}

void route_sessions_create_once(struct http_request *r, void *context)
{
        const char *key = http_header(r, "Idempotency-Key");
        const cJSON *body = key ? http_json(r) : NULL;

        /* Without attach it is the caller that is confined: that another process was must not be taken for its own. */
        if (!key || body)
                once(r, context, "POST /v1/sessions", !cJSON_GetObjectItemCaseSensitive(body, "attach"), route_sessions_create);
}
