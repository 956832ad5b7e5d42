/* SPDX-License-Identifier: Apache-2.0 */
/* /v1/sessions: listing, showing, beginning. */
#include "base/json.h"
#include "daemon/access.h"
#include "daemon/daemon.h"
#include "daemon/page.h"
#include "daemon/routes.h"
#include "daemon/throttle.h"
#include "daemon/totals.h"

#include <stdio.h>
#include <string.h>

#define LABEL_MAX 64

static bool state_valid(struct http_request *r, const char *state)
{
        bool known = !state || !strcmp(state, "live");

        for (size_t i = 0; i < TOTALS_STATES && !known; i++)
                known = !strcmp(state, totals_states[i]);
        if (!known)
                http_problem(r, 400, "bad-request", NULL, "state: expected running, paused, denied, killed, ended or live");
        return known;
}

static bool use_valid(struct http_request *r)
{
        const char *use = http_query(r, "use");

        if (!use || !strcmp(use, "true") || !strcmp(use, "false"))
                return true;
        http_problem(r, 400, "bad-request", NULL, "use: expected true or false");
        return false;
}

/* What each uses is only told where it is asked for: some files are read for that. */
static bool use_asked(const struct http_request *r)
{
        const char *use = http_query(r, "use");

        return use && !strcmp(use, "true");
}

static bool in_state(struct daemon *d, const struct session *s, const char *state)
{
        return !state || !strcmp(state, session_state(d, s)) || (!strcmp(state, "live") && s->live);
}

void route_sessions_list(struct http_request *r, void *context)
{
        struct daemon *d = context;
        const char *state = http_query(r, "state");
        char query[48];
        struct page page;
        struct peer peer;
        cJSON *list;

        if (access_peer(d, r, &peer) < 0 || !state_valid(r, state) || !use_valid(r) || !page_read(r, &page))
                return;
        list = cJSON_CreateArray();
        for (size_t i = 0; i < d->sessions.count && !page.more; i++) {
                const struct session *s = d->sessions.list[i];

                cJSON *item;

                if (!access_sees(&peer, s) || !page_behind(&page, s->id) || !in_state(d, s, state) || !page_take(&page, s->id))
                        continue;
                item = session_json(d, s);
                if (item && use_asked(r))
                        limits_add_json(d, s, item);
                cJSON_AddItemToArray(list, item);
        }
        snprintf(query, sizeof(query), "%s%s%suse=%s", state ? "state=" : "", state ? state : "", state ? "&" : "",
                 use_asked(r) ? "true" : "false");
        page_reply(r, &page, "/v1/sessions", query, list);
}

static void show(struct http_request *r, struct daemon *d, struct session *s)
{
        cJSON *answer = session_json(d, s);

        if (answer)
                throttle_add_json(d, s, answer);
        if (answer && use_asked(r))
                limits_add_json(d, s, answer);
        http_reply(r, 200, answer);
}

static bool has_ended(struct http_request *r, bool last, void *id, void *context)
{
        struct daemon *d = context;
        struct session *s = id ? sessions_by_id(&d->sessions, id) : NULL;

        if (s && s->live && !last)
                return false;
        if (s)
                show(r, d, s);
        return true;
}

void route_session_show(struct http_request *r, void *context)
{
        struct daemon *d = context;
        unsigned wait = 0;
        struct session *s;
        struct peer peer;

        s = access_named(d, r, &peer);
        if (!s || !use_valid(r) || !request_wait(r, &wait))
                return;
        show(r, d, s);
        if (wait)
                http_hold(r, wait, has_ended, strdup(s->id));
}

/* Names end up in tables, events and command lines: no spaces, no controls. */
static bool label_valid(struct http_request *r, const char *name, const char *value)
{
        static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-+:/";
        size_t n = value ? strlen(value) : 1;

        if (!value || (n > 0 && n <= LABEL_MAX && strspn(value, allowed) == n))
                return true;
        http_problem(r, 400, "bad-request", NULL, "$.%s: expected 1 to %d letters, digits or \"._-+:/\"", name, LABEL_MAX);
        return false;
}

/* {"pid": N} or {"cgroup": "/…"}; absent: the caller itself. */
static bool read_attach(struct http_request *r, const cJSON *body, const struct peer *peer, struct session_request *q)
{
        static const char *const names[] = { "pid", "cgroup", NULL };
        const cJSON *attach = cJSON_GetObjectItemCaseSensitive(body, "attach");
        uint64_t pid = 0;
        int code;

        q->attach = ATTACH_RUN;
        q->pid = peer->pid;
        q->start = peer->start;
        if (!attach && peer->pid)
                return true;
        if (!attach) {
                http_problem(r, 400, "bad-request", NULL,
                             "$.attach: expected {\"pid\": N} or {\"cgroup\": PATH}: over TCP no process asks for itself");
                return false;
        }
        q->start = 0;
        if (!cJSON_IsObject(attach)) {
                http_problem(r, 400, "bad-request", NULL, "$.attach: expected {\"pid\": N} or {\"cgroup\": PATH}");
                return false;
        }
        if (!request_members(r, attach, names) || !request_text(r, attach, "cgroup", &q->cgroup))
                return false;
        code = json_get_u64(attach, "pid", &pid);
        if ((code == 0) == !!q->cgroup || code == -EINVAL || (code == 0 && (pid < 1 || pid > INT32_MAX))) {
                http_problem(r, 400, "bad-request", NULL, "$.attach: expected {\"pid\": N} or {\"cgroup\": PATH}");
                return false;
        }
        q->attach = q->cgroup ? ATTACH_CGROUP : ATTACH_PID;
        q->pid = (pid_t)pid;
        if (q->cgroup && peer->uid != 0) {
                http_problem(r, 403, "root-only", NULL, "only root may attach to a cgroup");
                return false;
        }
        return true;
}

/* What it is to have of its own. */
static bool read_apart(struct http_request *r, const cJSON *body, struct session_request *q)
{
        const char *ephemeral;

        if (!request_text(r, body, "ephemeral", &ephemeral))
                return false;
        if (ephemeral && strcmp(ephemeral, "keep") != 0 && strcmp(ephemeral, "discard") != 0) {
                http_problem(r, 400, "bad-request", NULL, "$.ephemeral: expected \"keep\" or \"discard\"");
                return false;
        }
        q->ephemeral = !ephemeral ? EPHEMERAL_NO : *ephemeral == 'k' ? EPHEMERAL_KEEP : EPHEMERAL_DISCARD;
        if (json_get_bool(body, "private_tmp", &q->private_tmp) != -EINVAL &&
            json_get_bool(body, "private_home", &q->private_home) != -EINVAL)
                return true;
        http_problem(r, 400, "bad-request", NULL, "$.private_tmp, $.private_home: expected true or false");
        return false;
}

static bool read_audit_only(struct http_request *r, const cJSON *body, struct session_request *q)
{
        if (json_get_bool(body, "audit_only", &q->audit_only) != -EINVAL)
                return true;
        http_problem(r, 400, "bad-request", NULL, "$.audit_only: expected true or false");
        return false;
}

static bool read_request(struct http_request *r, const cJSON *body, const struct peer *peer, struct session_request *q)
{
        static const char *const names[] = { "policy", "policy_text", "policy_file", "workspace",   "agent",        "version",
                                             "name",   "attach",      "ephemeral",   "private_tmp", "private_home", "audit_only", NULL };

        q->peer = peer;
        return request_members(r, body, names) && request_text(r, body, "workspace", &q->workspace) &&
               request_text(r, body, "agent", &q->agent) && request_text(r, body, "version", &q->version) &&
               request_text(r, body, "name", &q->name) && label_valid(r, "agent", q->agent) && label_valid(r, "version", q->version) &&
               label_valid(r, "name", q->name) && read_attach(r, body, peer, q) && read_apart(r, body, q) &&
               read_audit_only(r, body, q);
}

/* A name means one session among those that live. */
static bool name_free(struct daemon *d, struct http_request *r, const char *name)
{
        for (size_t i = 0; name && i < d->sessions.count; i++) {
                const struct session *s = d->sessions.list[i];

                if (!s->live || (strcmp(s->name, name) != 0 && strcmp(s->id, name) != 0))
                        continue;
                http_problem(r, 409, "name-taken", NULL, "$.name: a session with the name \"%s\" is running", name);
                return false;
        }
        return true;
}

/* What the caller, which becomes the command, is to leave in its environment. */
static void add_environment(cJSON *o, const struct policy *p)
{
        cJSON *list = cJSON_AddArrayToObject(o, "environment");

        for (int i = 0; p && i < p->n_capabilities; i++) {
                const struct capability *c = &p->capabilities[i];

                for (int n = 0; c->authorization == AUTHORIZATION_ALWAYS && n < c->environment.n; n++)
                        cJSON_AddItemToArray(list, cJSON_CreateString(c->environment.list[n]));
        }
}

void route_sessions_create(struct http_request *r, void *context)
{
        struct daemon *d = context;
        _cleanup_findings_ struct findings findings = FINDINGS_INIT;
        _cleanup_error_ struct error e = ERROR_INIT;
        struct session_request q = { 0 };
        struct policy *policy = NULL;
        struct session *s = NULL;
        cJSON *answer;
        const char *file = NULL;
        const cJSON *body;
        struct peer peer;
        char *text = NULL;

        if (access_peer(d, r, &peer) < 0 || !(body = http_json(r)))
                return;
        if (!cJSON_GetObjectItemCaseSensitive(body, "attach"))
                peer.uid = peer.who; /* a session of the caller itself is theirs, whatever role they have */
        if (!read_request(r, body, &peer, &q) || !name_free(d, r, q.name) || !request_policy(r, body, &policy, &text, &file))
                return;
        if (session_create(d, &q, policy, text, &s, &findings, &e) < 0) {
                request_failed(r, file, &findings, &e);
                return;
        }
        answer = session_json(d, s);
        if (answer && s->attach != ATTACH_RUN)
                found_add_json(answer, &s->found);
        if (answer && s->attach == ATTACH_RUN)
                add_environment(answer, s->policy);
        found_clear(&s->found);
        http_reply(r, 201, answer);
}
