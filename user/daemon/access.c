/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/access.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "base/time.h"
#include "daemon/daemon.h"
#include "daemon/events.h"

#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define PASSWD_ROOM 16384
#define PEER_GROUPS_MAX 1024 /* that are looked at */

static void refused(struct daemon *d, const struct hf_peer *k, const struct ucred *cred)
{
        cJSON *o = event_begin(d, sessions_by_slot(&d->sessions, k->slot, k->generation), "admin", "deny", NULL);
        char actor[64];

        snprintf(actor, sizeof(actor), "agent (uid %u, pid %u)", cred->uid, k->tgid);
        if (o) {
                cJSON_AddStringToObject(o, "actor", actor);
                cJSON_AddStringToObject(o, "reason", "an agent asked the daemon, and agents may not");
        }
        event_emit(d, o);
}

static bool in_group(gid_t group, gid_t own, const gid_t *more, size_t n)
{
        bool found = group == own;

        for (size_t i = 0; i < n && !found; i++)
                found = more[i] == group;
        return found;
}

/* The roles that groups give, by the groups that the process had when it connected. */
static unsigned int roles_of(const struct daemon *d, int fd, gid_t own)
{
        gid_t more[PEER_GROUPS_MAX];
        socklen_t size = sizeof(more);
        size_t n = getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, more, &size) == 0 ? size / sizeof(*more) : 0;
        unsigned int roles = 0;

        for (unsigned int role = 0; role < CALLERS; role++)
                if (d->config.remote.groups[role] && in_group(d->remote.groups[role], own, more, n))
                        roles |= 1u << role;
        return roles;
}

/* A process in a session: the little that it may ask is answered about that session alone. */
static int agent_peer(struct daemon *d, struct http_request *r, const struct http_route *route, const struct hf_peer *k,
                      const struct ucred *cred, struct peer *ret)
{
        struct session *s = sessions_by_slot(&d->sessions, k->slot, k->generation);

        if (!s || !route || !role_reach(route->need, CALLER_AGENT)) {
                refused(d, k, cred);
                http_problem(r, 403, "agent", NULL, "a process in a session may not steer holdfast");
                return -EACCES;
        }
        *ret = (struct peer){ .pid = (pid_t)k->tgid, .start = k->start, .who = cred->uid, .caller = CALLER_AGENT, .session = s };
        return 0;
}

static int local_peer(struct daemon *d, struct http_request *r, const struct http_route *route, struct peer *ret)
{
        struct ucred cred = { 0, 0, 0 };
        socklen_t size = sizeof(cred);
        struct hf_peer k;
        int fd = http_socket(r);

        if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &size) < 0 || kernel_peer(d->kernel, fd, &k) < 0) {
                http_problem(r, 403, "unknown-peer", NULL, "the kernel does not say who is asking; connect again");
                return -EACCES;
        }
        if (k.slot)
                return agent_peer(d, r, route, &k, &cred, ret);
        *ret = (struct peer){ .pid = (pid_t)k.tgid, .start = k.start, .who = cred.uid };
        ret->caller = cred.uid == 0 ? CALLER_ROOT : CALLER_USER;
        ret->roles = cred.uid == 0 ? 0 : roles_of(d, fd, cred.gid);
        return 0;
}

static void refuse_role(struct daemon *d, struct http_request *r, const struct peer *p, enum operation need)
{
        char roles[64], reason[REFUSALS_REASON_SIZE], user[32];

        role_needed(need, roles, sizeof(roles));
        snprintf(user, sizeof(user), "uid %u", p->who);
        snprintf(reason, sizeof(reason), "what it asked for needs the role %s", roles);
        access_note(d, *p->actor ? p->actor : user, reason, http_address_group(r));
        if (need == MAY_WONDER)
                http_problem(r, 403, "role", NULL, "only a process in a session may ask this; holdfast why tells of all others");
        else if (need == MAY_NOTHING)
                http_problem(r, 403, "role", NULL, "nobody may do this: its route is in no row of the table of roles");
        else if (*p->token)
                http_problem(r, 403, "role", NULL, "this needs the role %s, and the token has %s", roles, role_name(p->caller));
        else
                http_problem(r, 403, "role", NULL, "this needs root, or the role %s", roles);
}

/* As what it is, or by any role that it has beside. */
static enum reach reach_of(const struct peer *p, enum operation need)
{
        enum reach best = role_reach(need, p->caller);

        for (unsigned int role = 0; role < CALLERS; role++)
                if ((p->roles >> role & 1) && role_reach(need, role) > best)
                        best = role_reach(need, role);
        return best;
}

bool access_admit(struct http_request *r, const struct http_route *route, bool complete, void *context)
{
        struct daemon *d = context;
        struct peer *p = calloc(1, sizeof(*p));
        enum reach reach;

        http_set_caller(r, p);
        if (!p) {
                http_problem(r, 503, "busy", NULL, "There is not enough memory for this request.");
                return false;
        }
        if ((http_address(r) ? remote_peer(d, r, complete, p) : local_peer(d, r, route, p)) < 0)
                return false;
        if (!route)
                return true;
        reach = reach_of(p, route->need);
        p->uid = reach == REACH_ALL ? 0 : p->who;
        if (reach != REACH_NONE)
                return true;
        refuse_role(d, r, p, route->need);
        return false;
}

int access_peer(struct daemon *d, struct http_request *r, struct peer *ret)
{
        const struct peer *p = http_caller(r);

        (void)d;
        if (!p) {
                http_problem(r, 403, "unknown-peer", NULL, "it is not known who is asking");
                return -EACCES;
        }
        *ret = *p;
        return 0;
}

/* Who asks, without what differs from one request of theirs to the next. */
static void asker(const struct peer *p, char out[ACTOR_SIZE])
{
        _cleanup_free_ char *name = NULL;

        if (!*p->actor)
                user_lookup(p->who, &name, NULL);
        if (*p->actor)
                snprintf(out, ACTOR_SIZE, "%s", p->actor);
        else
                snprintf(out, ACTOR_SIZE, "%.64s (uid %u)", name ? name : "unknown", p->who);
}

void access_handled(struct http_request *r, const struct http_route *route, void *context)
{
        const struct peer *p = http_caller(r);
        char actor[ACTOR_SIZE], reason[REFUSALS_REASON_SIZE];
        _cleanup_json_ cJSON *problem = NULL;
        const char *text, *detail;
        size_t length;
        int status;

        if (!p || !strcmp(route->method, "GET") || route->need == MAY_READ || !http_answer(r, &status, &text, &length) || status < 400)
                return;
        problem = cJSON_ParseWithLength(text, length);
        detail = json_get_string(problem, "detail");
        snprintf(reason, sizeof(reason), "%s %s: %d: %s", route->method, route->pattern, status, detail ? detail : "");
        asker(p, actor);
        access_note(context, actor, reason, http_address_group(r));
}

bool access_may_grant(const struct peer *p, enum caller role)
{
        return role_covers(p->caller, role) || ((p->roles >> CALLER_ADMIN & 1) && role_covers(CALLER_ADMIN, role));
}

uid_t access_looks_as(const struct peer *p, const struct session *s)
{
        if (p->who != NOBODY)
                return p->who;
        return p->caller == CALLER_ADMIN ? 0 : s->uid;
}

static void tell(void *context, const struct refusal *r, uint64_t count)
{
        struct daemon *d = context;
        cJSON *o = event_begin(d, NULL, "admin", "deny", r->actor);

        if (o) {
                json_add_text(o, "reason", r->reason);
                if (*r->address)
                        json_add_text(o, "address", r->address);
                if (count > 1)
                        json_add_u64(o, "count", count);
        }
        event_emit_now(d, o); /* nobody is to wait for it */
}

void access_note(struct daemon *d, const char *actor, const char *reason, const char *address)
{
        refusals_note(&d->remote.refusals, actor, reason, address ? address : "", time_now(CLOCK_BOOTTIME), tell, d);
}

void access_tick(struct daemon *d)
{
        refusals_tick(&d->remote.refusals, time_now(CLOCK_BOOTTIME), tell, d);
}

void access_stop(struct daemon *d)
{
        refusals_tick(&d->remote.refusals, UINT64_MAX, tell, d);
}

int user_lookup(uid_t uid, char **name, char **home)
{
        _cleanup_free_ char *buffer = malloc(PASSWD_ROOM), *n = NULL, *h = NULL;
        struct passwd pw, *found = NULL;

        if (!buffer)
                return -ENOMEM;
        getpwuid_r(uid, &pw, buffer, PASSWD_ROOM, &found);
        if (found)
                n = strdup(found->pw_name);
        else if (asprintf(&n, "uid %u", uid) < 0)
                n = NULL;
        if (found && home && found->pw_dir[0] == '/')
                h = strdup(found->pw_dir);
        if (!n)
                return -ENOMEM;
        *name = TAKE_PTR(n);
        if (home)
                *home = TAKE_PTR(h);
        return 0;
}

const char *peer_actor(const struct peer *p, char out[ACTOR_SIZE])
{
        _cleanup_free_ char *name = NULL;

        if (*p->actor) {
                snprintf(out, ACTOR_SIZE, "%s", p->actor);
                return out;
        }
        user_lookup(p->who, &name, NULL);
        snprintf(out, ACTOR_SIZE, "%.64s (uid %u, pid %d)", name ? name : "unknown", p->who, p->pid);
        return out;
}

bool access_sees(const struct peer *p, const struct session *s)
{
        return p->uid == 0 || p->uid == s->uid;
}

/* How well a key names a session, which is not its id: 3 its name, 2 the name of one that ended, 1 the beginning of its id, 0 not at all.
 */
static int match(const struct session *s, const char *key)
{
        if (*s->name && !strcmp(s->name, key))
                return s->live ? 3 : 2;
        return strncmp(s->id, key, strlen(key)) == 0;
}

/* The one that the key means among those that the peer may see; NULL with *same telling how many it could be. */
static struct session *find(struct daemon *d, const struct peer *p, const char *key, int *same)
{
        struct session *best = sessions_by_id(&d->sessions, key);
        int rank = 1;

        *same = 1;
        if (best && access_sees(p, best))
                return best;
        best = NULL;
        *same = 0;
        for (size_t i = 0; *key && i < d->sessions.count; i++) {
                struct session *s = d->sessions.list[i];
                int m = access_sees(p, s) ? match(s, key) : 0;

                if (m < rank)
                        continue;
                /* Of several that ended with one name the last is meant. */
                *same = m > rank || m == 2 ? 1 : *same + 1;
                rank = m;
                best = s;
        }
        return *same == 1 ? best : NULL;
}

struct session *access_session(struct daemon *d, struct http_request *r, const struct peer *p, const char *key)
{
        int same = 0;
        struct session *s = find(d, p, key, &same);

        if (s)
                return s;
        if (same > 1)
                http_problem(r, 409, "ambiguous", NULL, "\"%s\" is the beginning of several sessions' ids; give more of it", key);
        else if (sessions_by_id(&d->sessions, key)) /* nobody knows a whole id by guessing */
                http_problem(r, 403, "not-yours", NULL, "session %s belongs to another user", key);
        else
                http_problem(r, 404, "no-session", NULL, "there is no session \"%s\"; holdfast ps lists them", key);
        return NULL;
}

struct session *access_named(struct daemon *d, struct http_request *r, struct peer *ret)
{
        return access_peer(d, r, ret) < 0 ? NULL : access_session(d, r, ret, http_segment(r, "id"));
}
