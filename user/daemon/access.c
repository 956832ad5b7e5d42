/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/access.h"

#include "base/json.h"
#include "daemon/daemon.h"
#include "daemon/events.h"

#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define PASSWD_ROOM 16384

static void refused(struct daemon *d, const struct hf_peer *k, const struct ucred *cred)
{
        struct session *s = k->slot < HF_SLOTS ? d->sessions.slots[k->slot] : NULL;
        cJSON *o = event_begin(d, s, "admin", "deny", NULL);
        char actor[64];

        snprintf(actor, sizeof(actor), "agent (uid %u, pid %u)", cred->uid, k->tgid);
        if (o) {
                cJSON_AddStringToObject(o, "actor", actor);
                cJSON_AddStringToObject(o, "reason", "an agent asked the daemon, and agents may not");
        }
        event_emit(d, o);
}

int access_peer(struct daemon *d, struct http_request *r, struct peer *ret)
{
        struct ucred cred = { 0, 0, 0 };
        socklen_t size = sizeof(cred);
        struct hf_peer k;
        int fd = http_socket(r);

        if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &size) < 0 || kernel_peer(d->kernel, fd, &k) < 0) {
                http_problem(r, 403, "unknown-peer", NULL, "the kernel does not say who is asking; connect again");
                return -EACCES;
        }
        if (k.slot) {
                refused(d, &k, &cred);
                http_problem(r, 403, "agent", NULL, "a process in a session may not steer holdfast");
                return -EACCES;
        }
        *ret = (struct peer){ .pid = (pid_t)k.tgid, .start = k.start, .uid = cred.uid };
        return 0;
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

        user_lookup(p->uid, &name, NULL);
        snprintf(out, ACTOR_SIZE, "%.64s (uid %u, pid %d)", name ? name : "unknown", p->uid, p->pid);
        return out;
}

bool access_sees(const struct peer *p, const struct session *s)
{
        return p->uid == 0 || p->uid == s->uid;
}

/* How well a key names a session: 4 its id, 3 its name, 2 the name of one that ended, 1 the beginning of its id, 0 not at all. */
static int match(const struct session *s, const char *key)
{
        if (!strcmp(s->id, key))
                return 4;
        if (*s->name && !strcmp(s->name, key))
                return s->live ? 3 : 2;
        return strncmp(s->id, key, strlen(key)) == 0;
}

/* The one that the key means among those that the peer may see; NULL with *same telling how many it could be. */
static struct session *find(struct daemon *d, const struct peer *p, const char *key, int *same)
{
        struct session *best = NULL;
        int rank = 1;

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
