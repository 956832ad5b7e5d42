/* SPDX-License-Identifier: Apache-2.0 */
/* /v1/kills: setting one, listing, lifting. */
#include "base/json.h"
#include "base/time.h"
#include "daemon/access.h"
#include "daemon/daemon.h"
#include "daemon/kill.h"
#include "daemon/page.h"
#include "daemon/routes.h"

#include <string.h>

#define REASON_MAX 1024

static bool sees_kill(struct daemon *d, const struct peer *peer, const struct kill *k)
{
        const struct session *s = *k->session ? sessions_by_id(&d->sessions, k->session) : NULL;

        return peer->uid == 0 || (s && access_sees(peer, s));
}

/* Who is not root lifts only what they set. */
static bool may_lift(const struct peer *peer, const struct kill *k)
{
        return peer->uid == 0 || peer->uid == k->uid;
}

void route_kills_list(struct http_request *r, void *context)
{
        struct daemon *d = context;
        struct page page;
        struct peer peer;
        cJSON *list;

        if (access_peer(d, r, &peer) < 0 || !page_read(r, &page))
                return;
        list = cJSON_CreateArray();
        for (size_t i = 0; i < d->kills.count && !page.more; i++) {
                const struct kill *k = d->kills.list[i];

                if (sees_kill(d, &peer, k) && page_behind(&page, k->id) && page_take(&page, k->id))
                        cJSON_AddItemToArray(list, kill_json(d, k));
        }
        page_reply(r, &page, "/v1/kills", NULL, list);
}

/* {"session": ID} or {"all": true}. *session is NULL for all. */
static bool read_scope(struct daemon *d, struct http_request *r, const cJSON *body, const struct peer *peer, struct session **session)
{
        const char *key;
        bool all = false;

        if (!request_text(r, body, "session", &key))
                return false;
        if (json_get_bool(body, "all", &all) == -EINVAL || !!key + all != 1) {
                http_problem(r, 400, "bad-request", NULL, "expected either {\"session\": ID} or {\"all\": true}");
                return false;
        }
        if (all && peer->uid != 0) {
                http_problem(r, 403, "root-only", NULL, "only root may kill or lift everything at once");
                return false;
        }
        *session = all ? NULL : access_session(d, r, peer, key);
        return all || *session;
}

static bool read_kill(struct daemon *d, struct http_request *r, const cJSON *body, const struct peer *peer, struct kill_request *q)
{
        static const char *const names[] = { "session", "all", "strength", "reason", NULL };
        const char *strength;

        q->peer = peer;
        q->strength = HF_KILL_KILL;
        if (!request_members(r, body, names) || !request_text(r, body, "strength", &strength) ||
            !request_text(r, body, "reason", &q->reason))
                return false;
        if (strength && strength_parse(strength, &q->strength) < 0) {
                http_problem(r, 400, "bad-request", NULL, "$.strength: expected \"kill\", \"deny\" or \"pause\"");
                return false;
        }
        if (q->reason && strlen(q->reason) > REASON_MAX) {
                http_problem(r, 400, "bad-request", NULL, "$.reason: expected at most %d bytes", REASON_MAX);
                return false;
        }
        if (!read_scope(d, r, body, peer, &q->session))
                return false;
        if (!q->session || q->session->live)
                return true;
        http_problem(r, 409, "ended", NULL, "session %s has ended", q->session->id);
        return false;
}

static void answer(struct daemon *d, struct http_request *r, const struct kill_request *q, const struct kill *k)
{
        cJSON *o = kill_json(d, k);

        if (o) {
                json_add_u64(o, "asked_ns", q->asked);
                json_add_u64(o, "effective_ns", q->effective);
                json_add_u64(o, "took_ns", k->took);
        }
        http_reply(r, 201, o);
}

void route_kills_set(struct http_request *r, void *context)
{
        struct daemon *d = context;
        struct kill_request q = { .asked = time_now(CLOCK_BOOTTIME) };
        _cleanup_error_ struct error e = ERROR_INIT;
        struct kill *k = NULL;
        const cJSON *body;
        struct peer peer;

        if (access_peer(d, r, &peer) < 0 || !(body = http_json(r)) || !read_kill(d, r, body, &peer, &q))
                return;
        if (kill_set(d, &q, &k, &e) < 0) {
                http_problem_errno(r, &e);
                return;
        }
        answer(d, r, &q, k);
        kill_finish(d, q.session, k);
}

/* DELETE /v1/kills: all kills of one scope, that of the body or of the query. */
void route_kills_lift(struct http_request *r, void *context)
{
        static const char *const names[] = { "session", "all", NULL };
        struct daemon *d = context;
        _cleanup_json_ cJSON *query = NULL;
        _cleanup_error_ struct error e = ERROR_INIT;
        char actor[ACTOR_SIZE];
        struct session *s = NULL;
        const cJSON *body;
        struct peer peer;
        size_t length = 0, found = 0, lifted = 0;
        struct kill *k;

        if (access_peer(d, r, &peer) < 0)
                return;
        http_body(r, &length);
        if (!length) {
                query = cJSON_CreateObject();
                if (http_query(r, "session"))
                        cJSON_AddStringToObject(query, "session", http_query(r, "session"));
                if (http_query(r, "all") && strcmp(http_query(r, "all"), "true") != 0 && strcmp(http_query(r, "all"), "1") != 0) {
                        http_problem(r, 400, "bad-request", NULL, "all: expected true");
                        return;
                }
                if (http_query(r, "all"))
                        cJSON_AddTrueToObject(query, "all");
        }
        body = length ? http_json(r) : query;
        if (!body || !request_members(r, body, names) || !read_scope(d, r, body, &peer, &s))
                return;
        peer_actor(&peer, actor);
        for (size_t i = 0; (k = killset_next(&d->kills, s ? s->id : "", &i));) {
                found++;
                if (!may_lift(&peer, k))
                        continue;
                if (kill_lift(d, k, actor, &e) < 0) {
                        http_problem_errno(r, &e);
                        return;
                }
                lifted++;
                i--; /* it is gone from the list */
        }
        if (!found)
                http_problem(r, 404, "no-kill", NULL, "no kill stands on %s", s ? s->id : "all");
        else if (!lifted)
                http_problem(r, 403, "not-yours", NULL, "the kill of %s was set by another user: only they or root may lift it",
                             s ? s->id : "all");
        else if (s)
                http_reply(r, 200, session_json(d, s));
        else
                http_reply_empty(r, 204);
}

void route_kill_lift(struct http_request *r, void *context)
{
        struct daemon *d = context;
        _cleanup_error_ struct error e = ERROR_INIT;
        char actor[ACTOR_SIZE];
        struct peer peer;
        struct kill *k;

        if (access_peer(d, r, &peer) < 0)
                return;
        k = killset_find(&d->kills, http_segment(r, "id"));
        if (!k || !sees_kill(d, &peer, k))
                http_problem(r, 404, "no-kill", NULL, "there is no kill \"%s\"", http_segment(r, "id"));
        else if (!may_lift(&peer, k))
                http_problem(r, 403, "not-yours", NULL, "the kill was set by another user: only they or root may lift it");
        else if (kill_lift(d, k, peer_actor(&peer, actor), &e) < 0)
                http_problem_errno(r, &e);
        else
                http_reply_empty(r, 204);
}
