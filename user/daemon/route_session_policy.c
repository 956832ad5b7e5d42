/* SPDX-License-Identifier: Apache-2.0 */
/* /v1/sessions/ID/policy: the policy that is in force, and its replacement. */
#include "base/json.h"
#include "daemon/access.h"
#include "daemon/daemon.h"
#include "daemon/etag.h"
#include "daemon/kill.h"
#include "daemon/routes.h"

#include <string.h>

void route_session_policy_show(struct http_request *r, void *context)
{
        struct daemon *d = context;
        char etag[ETAG_SIZE];
        struct session *s;
        struct peer peer;

        s = access_named(d, r, &peer);
        if (!s)
                return;
        http_reply_text(r, 200, "application/json", s->policy_text, strlen(s->policy_text));
        http_reply_header(r, "ETag", etag_of(s->policy_text, strlen(s->policy_text), etag));
}

/* Whether the policy in force is the one that the client means to replace. */
static bool is_expected(struct http_request *r, const struct session *s)
{
        const char *if_match = http_header(r, "If-Match");
        char etag[ETAG_SIZE];
        int matches = if_match ? etag_matches(if_match, etag_of(s->policy_text, strlen(s->policy_text), etag)) : 1;

        if (matches < 0)
                http_problem(r, 400, "bad-request", NULL, "If-Match: expected * or an ETag, with its quotes");
        else if (!matches)
                http_problem(r, 412, "changed", NULL, "session %s is under another policy than If-Match names: that is %s now", s->id,
                             etag);
        return matches > 0;
}

/*
 * Another policy might call a killed capability otherwise, or move its rules: so while one is killed, only who may lift that changes the
 * policy.
 */
static bool sheds_no_kill(struct http_request *r, const struct daemon *d, const struct peer *peer, const struct session *s)
{
        for (size_t i = 0; i < d->kills.count; i++) {
                const struct kill *k = d->kills.list[i];
                char text[TARGET_TEXT_SIZE];

                if (k->target.scope != KILL_CAPABILITY || !k->strength || kill_may_lift(k, peer) || !target_matches(&k->target, s))
                        continue;
                http_problem(r, 403, "killed", NULL, "%s was killed by %s: only who may lift that may change the policy of session %s",
                             target_text(&k->target, text), k->actor, s->id);
                return false;
        }
        return true;
}

/* The body is the policy itself, or says where to find it. */
static bool read_policy(struct http_request *r, struct policy **policy, char **text, const char **file)
{
        static const char *const names[] = { "policy", "policy_text", "policy_file", NULL };
        size_t length = 0;
        const char *raw = http_body(r, &length);
        _cleanup_json_ cJSON *tree = cJSON_ParseWithLength(raw, length);
        const cJSON *body;

        if (!tree || cJSON_GetObjectItemCaseSensitive(tree, "holdfast")) {
                return request_load_policy(r, raw, length, NULL, NULL, policy, text);
        }
        body = http_json(r);
        return body && request_members(r, body, names) && request_policy(r, body, policy, text, file);
}

void route_session_policy_apply(struct http_request *r, void *context)
{
        struct daemon *d = context;
        _cleanup_findings_ struct findings findings = FINDINGS_INIT;
        _cleanup_error_ struct error e = ERROR_INIT;
        struct policy *policy = NULL;
        const char *file = NULL;
        char actor[ACTOR_SIZE], etag[ETAG_SIZE], *text = NULL;
        struct session *s;
        struct peer peer;

        s = access_named(d, r, &peer);
        if (!s)
                return;
        if (!s->live) {
                http_problem(r, 409, "ended", NULL, "session %s has ended", s->id);
                return;
        }
        if (!sheds_no_kill(r, d, &peer, s) || !is_expected(r, s) || !read_policy(r, &policy, &text, &file))
                return;
        if (session_apply(d, s, policy, text, peer_actor(&peer, actor), &findings, &e) < 0) {
                request_failed(r, file, &findings, &e);
                return;
        }
        http_reply(r, 200, session_json(d, s));
        http_reply_header(r, "ETag", etag_of(s->policy_text, strlen(s->policy_text), etag));
}
