/* SPDX-License-Identifier: Apache-2.0 */
/* /v1/kills: setting one, listing, lifting. */
#include "base/json.h"
#include "base/time.h"
#include "daemon/access.h"
#include "daemon/daemon.h"
#include "daemon/kill.h"
#include "daemon/kill_read.h"
#include "daemon/page.h"
#include "daemon/routes.h"

#include <stdio.h>
#include <string.h>

#define NSEC_PER_SEC 1000000000ull

static bool sees_kill(struct daemon *d, const struct peer *peer, const struct kill *k)
{
        const struct session *s = *k->target.session ? sessions_by_id(&d->sessions, k->target.session) : NULL;

        return peer->uid == 0 || (s && access_sees(peer, s));
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

/* Whether the peer may have it so; and which session is meant, if one is. */
static bool settle(struct daemon *d, struct http_request *r, const struct peer *peer, struct kill_asked *k, struct session **session)
{
        char text[TARGET_TEXT_SIZE];

        *session = NULL;
        if (!k->session && peer->uid != 0) {
                http_problem(r, 403, "root-only", NULL,
                             "only root, or the role operator or admin, may kill or lift %s: name a session of yours",
                             k->target.scope == KILL_ALL ? "everything at once" : target_text(&k->target, text));
                return false;
        }
        if (!k->session)
                return true;
        *session = access_session(d, r, peer, k->session);
        if (*session)
                snprintf(k->target.session, sizeof(k->target.session), "%s", (*session)->id);
        return *session;
}

static bool read_kill(struct daemon *d, struct http_request *r, const cJSON *body, const struct peer *peer, struct kill_request *q)
{
        static const char *const names[] = {
                "session", "agent", "version", "capability", "user", "all", "strength", "reason", "for", NULL
        };
        _cleanup_error_ struct error e = ERROR_INIT;
        struct kill_asked k;
        struct session *s;

        if (!request_members(r, body, names))
                return false;
        if (kill_read(body, &k, &e) < 0) {
                http_problem(r, 400, "bad-request", NULL, "%s", error_text(&e));
                return false;
        }
        if (!settle(d, r, peer, &k, &s))
                return false;
        if (s && !s->live) {
                http_problem(r, 409, "ended", NULL, "session %s has ended", s->id);
                return false;
        }
        q->peer = peer;
        q->target = k.target;
        q->strength = k.strength;
        q->reason = k.reason;
        q->until = k.seconds ? time_now(CLOCK_REALTIME) + k.seconds * NSEC_PER_SEC : 0;
        return true;
}

static void answer(struct daemon *d, struct http_request *r, const struct kill_request *q, const struct kill *k)
{
        cJSON *o = kill_json(d, k);

        if (o) {
                json_add_u64(o, "asked_ns", q->asked);
                json_add_u64(o, "effective_ns", q->effective);
                json_add_u64(o, "took_ns", k->steps[KILL_STEP_BITS]);
                cJSON_AddNumberToObject(o, "sessions", (double)k->struck);
        }
        http_reply(r, 201, o);
}

/* What is waited for, which may be lifted meanwhile. */
struct waited {
        char id[ID_SIZE];
        struct target target;
        uint32_t strength;
};

/* The answer of before, with "done" as its last member. */
static void say_done(struct http_request *r, bool done)
{
        _cleanup_free_ char *text = NULL;
        const char *before;
        size_t length;
        int status;

        if (http_answer(r, &status, &before, &length) && length > 2 &&
            asprintf(&text, "%.*s,\"done\":%s}", (int)length - 2, before, done ? "true" : "false") >= 0)
                http_reply(r, status, cJSON_CreateRaw(text));
}

static bool is_over(struct http_request *r, bool last, void *waited, void *context)
{
        const struct waited *w = waited;
        struct daemon *d = context;
        const bool done = kill_is_done(d, &w->target, w->strength);

        if (!done && !last && killset_find(&d->kills, w->id))
                return false;
        say_done(r, done);
        return true;
}

static void wait_for(struct http_request *r, const struct kill *k, unsigned seconds)
{
        struct waited *w = malloc(sizeof(*w));

        if (!w)
                return;
        memcpy(w->id, k->id, sizeof(w->id));
        w->target = k->target;
        w->strength = k->strength;
        http_hold(r, seconds, is_over, w);
}

void route_kills_set(struct http_request *r, void *context)
{
        struct daemon *d = context;
        unsigned wait = 0;
        struct kill_request q = { .asked = time_now(CLOCK_BOOTTIME) };
        _cleanup_error_ struct error e = ERROR_INIT;
        struct kill *k = NULL;
        const cJSON *body;
        struct peer peer;

        if (access_peer(d, r, &peer) < 0 || !request_wait(r, &wait) || !(body = http_json(r)) || !read_kill(d, r, body, &peer, &q))
                return;
        if (kill_set(d, &q, &k, &e) < 0) {
                http_problem_errno(r, &e);
                return;
        }
        answer(d, r, &q, k);
        kill_finish(d, k);
        if (wait)
                wait_for(r, k, wait);
}

/* The target as the query has it, as a body would. */
static cJSON *query_body(struct http_request *r, const char *const names[])
{
        cJSON *body = cJSON_CreateObject();

        for (size_t i = 0; names[i]; i++) {
                const char *value = http_query(r, names[i]);

                if (value && !strcmp(names[i], "all"))
                        cJSON_AddBoolToObject(body, "all", !strcmp(value, "true") || !strcmp(value, "1"));
                else if (value)
                        json_add_text(body, names[i], value);
        }
        return body;
}

/* Lifts what the peer may of one target. Returns how many, or negative errno. */
static int lift_all(struct daemon *d, const struct peer *peer, const struct target *t, size_t *found, struct error *e)
{
        char actor[ACTOR_SIZE];
        struct kill *k;
        int lifted = 0;

        peer_actor(peer, actor);
        for (size_t i = 0; (k = killset_next(&d->kills, t, &i));) {
                int r;

                ++*found;
                if (!kill_may_lift(k, peer))
                        continue;
                r = kill_lift(d, k, actor, NULL, e);
                if (r < 0)
                        return r;
                lifted++;
                i--; /* it is gone from the list */
        }
        return lifted;
}

static void say_absent(struct daemon *d, struct http_request *r, const struct target *t, const struct session *s)
{
        const struct kill *other = t->scope == KILL_SESSION && s && s->live ? killset_strictest(&d->kills, s) : NULL;
        char text[TARGET_TEXT_SIZE], of[TARGET_TEXT_SIZE];

        if (other)
                http_problem(r, 404, "no-kill", NULL, "no kill stands on %s alone: lift that of %s", target_text(t, text),
                             target_text(&other->target, of));
        else
                http_problem(r, 404, "no-kill", NULL, "no kill stands on %s", target_text(t, text));
}

/* DELETE /v1/kills: all kills of one target, that of the body or of the query. */
void route_kills_lift(struct http_request *r, void *context)
{
        static const char *const names[] = { "session", "agent", "version", "capability", "user", "all", NULL };
        struct daemon *d = context;
        _cleanup_json_ cJSON *query = NULL;
        _cleanup_error_ struct error e = ERROR_INIT;
        char text[TARGET_TEXT_SIZE];
        struct session *s = NULL;
        struct kill_asked asked;
        const cJSON *body;
        struct peer peer;
        size_t length = 0, found = 0;
        int lifted;

        if (access_peer(d, r, &peer) < 0)
                return;
        http_body(r, &length);
        if (!length)
                query = query_body(r, names);
        body = length ? http_json(r) : query;
        if (!body || !request_members(r, body, names))
                return;
        if (kill_read_target(body, &asked, &e) < 0) {
                http_problem(r, 400, "bad-request", NULL, "%s", error_text(&e));
                return;
        }
        if (!settle(d, r, &peer, &asked, &s))
                return;
        lifted = lift_all(d, &peer, &asked.target, &found, &e);
        if (lifted < 0)
                http_problem_errno(r, &e);
        else if (!found)
                say_absent(d, r, &asked.target, s);
        else if (!lifted)
                http_problem(r, 403, "not-yours", NULL, "the kill of %s was set by another user: only they or root may lift it",
                             target_text(&asked.target, text));
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
        else if (!kill_may_lift(k, &peer))
                http_problem(r, 403, "not-yours", NULL, "the kill was set by another user: only they or root may lift it");
        else if (kill_lift(d, k, peer_actor(&peer, actor), NULL, &e) < 0)
                http_problem_errno(r, &e);
        else
                http_reply_empty(r, 204);
}
