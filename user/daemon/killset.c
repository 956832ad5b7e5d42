/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/killset.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "daemon/session.h"
#include "holdfast/abi.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

void kill_free(struct kill *k)
{
        if (!k)
                return;
        free(k->reason);
        free(k->actor);
        free(k);
}

struct kill *kill_new(const struct target *t, uint32_t strength, uid_t uid, const char *reason, const char *actor, uint64_t time)
{
        struct kill *k = calloc(1, sizeof(*k));

        if (!k)
                return NULL;
        id_new(k->id);
        k->target = *t;
        k->strength = strength;
        k->uid = uid;
        k->time = time;
        k->reason = strdup(reason ? reason : "");
        k->actor = strdup(actor);
        if (k->reason && k->actor)
                return k;
        kill_free(k);
        return NULL;
}

int killset_add(struct killset *set, struct kill *k)
{
        struct kill **list = reallocarray(set->list, set->count + 1, sizeof(struct kill *));

        if (!list) {
                kill_free(k);
                return -ENOMEM;
        }
        set->list = list;
        list[set->count++] = k;
        return 0;
}

void killset_remove(struct killset *set, struct kill *k)
{
        for (size_t i = 0; i < set->count; i++) {
                if (set->list[i] != k)
                        continue;
                memmove(set->list + i, set->list + i + 1, (set->count - i - 1) * sizeof(struct kill *));
                set->count--;
                kill_free(k);
                return;
        }
}

void killset_clear(struct killset *set)
{
        for (size_t i = 0; i < set->count; i++)
                kill_free(set->list[i]);
        free(set->list);
        *set = (struct killset){ NULL, 0 };
}

struct kill *killset_find(const struct killset *set, const char *id)
{
        for (size_t i = 0; i < set->count; i++)
                if (!strcmp(set->list[i]->id, id))
                        return set->list[i];
        return NULL;
}

/* ---- whom a kill is for -------------------------------------------------------------------------------------------------------- */

static const char *const scopes[KILL_SCOPES] = { "session", "agent", "capability", "user", "all" };

const char *kill_scope_name(enum kill_scope scope)
{
        return scopes[scope];
}

int kill_scope_parse(const char *name)
{
        for (int i = 0; i < KILL_SCOPES; i++)
                if (!strcmp(scopes[i], name))
                        return i;
        return -EINVAL;
}

struct target target_session(const char *id)
{
        struct target t = { .scope = KILL_SESSION };

        snprintf(t.session, sizeof(t.session), "%s", id);
        return t;
}

bool target_same(const struct target *a, const struct target *b)
{
        return a->scope == b->scope && !strcmp(a->session, b->session) && !strcmp(a->name, b->name) && !strcmp(a->version, b->version);
}

static bool is_user(const struct session *s, const char *name)
{
        char *end;

        return !strcmp(name, s->user) || (*name >= '0' && *name <= '9' && strtoul(name, &end, 10) == s->uid && !*end);
}

uint64_t target_bits(const struct target *t, const struct policy *p)
{
        for (int i = 0; p && i < p->n_capabilities; i++)
                if (!strcmp(p->capabilities[i].name, t->name))
                        return 1ULL << i;
        return p ? 0 : ~0ULL;
}

bool target_matches(const struct target *t, const struct session *s)
{
        switch (t->scope) {
        case KILL_SESSION:
                return !strcmp(t->session, s->id);
        case KILL_AGENT:
                return !strcmp(t->name, s->agent) && (!*t->version || !strcmp(t->version, s->version));
        case KILL_CAPABILITY:
                return (!*t->session || !strcmp(t->session, s->id)) && target_bits(t, s->policy);
        case KILL_USER:
                return is_user(s, t->name);
        case KILL_ALL:
        case KILL_SCOPES:
                break;
        }
        return t->scope == KILL_ALL;
}

const char *target_text(const struct target *t, char out[TARGET_TEXT_SIZE])
{
        if (t->scope == KILL_ALL)
                snprintf(out, TARGET_TEXT_SIZE, "all");
        else if (t->scope == KILL_SESSION)
                snprintf(out, TARGET_TEXT_SIZE, "session %s", t->session);
        else
                snprintf(out, TARGET_TEXT_SIZE, "%s %s%s%s%s%s", scopes[t->scope], t->name, *t->version ? "@" : "", t->version,
                         *t->session ? " of session " : "", t->session);
        return out;
}

void target_add_json(cJSON *o, const struct target *t)
{
        if (t->scope == KILL_ALL)
                cJSON_AddTrueToObject(o, "all");
        if (*t->name)
                json_add_text(o, scopes[t->scope], t->name);
        if (*t->version)
                json_add_text(o, "version", t->version);
        if (*t->session)
                cJSON_AddStringToObject(o, "session", t->session);
}

/* ---- what the kills ask for ---------------------------------------------------------------------------------------------------- */

struct kill *killset_next(const struct killset *set, const struct target *t, size_t *i)
{
        while (*i < set->count) {
                struct kill *k = set->list[(*i)++];

                if (target_same(&k->target, t))
                        return k;
        }
        return NULL;
}

bool killset_paused(const struct killset *set, const char *session, const struct kill *beside)
{
        const struct target t = target_session(session);
        const struct kill *k;

        for (size_t i = 0; (k = killset_next(set, &t, &i));)
                if (k != beside && k->strength == HF_KILL_PAUSE)
                        return true;
        return false;
}

/* Whether the kill stands on the whole of a session, or on all where there is none. */
static bool stands(const struct kill *k, const struct session *s)
{
        if (!k->strength || k->target.scope == KILL_CAPABILITY)
                return false;
        return k->target.scope == KILL_ALL || (s && target_matches(&k->target, s));
}

uint32_t killset_bits(const struct killset *set, const struct session *s)
{
        uint32_t bits = 0;

        for (size_t i = 0; i < set->count; i++)
                if (stands(set->list[i], s) && (set->list[i]->target.scope == KILL_ALL) == !s)
                        bits |= set->list[i]->strength;
        return bits;
}

uint64_t killset_capabilities(const struct killset *set, const struct session *s, const struct policy *policy)
{
        uint64_t killed = 0;

        for (size_t i = 0; i < set->count; i++) {
                const struct target *t = &set->list[i]->target;

                if (set->list[i]->strength && t->scope == KILL_CAPABILITY && (!*t->session || !strcmp(t->session, s->id)))
                        killed |= target_bits(t, policy);
        }
        return killed;
}

int strength_rank(uint32_t strength)
{
        return strength == HF_KILL_KILL ? 3 : strength == HF_KILL_PAUSE ? 2 : 1;
}

bool killset_by_root(const struct killset *set, const struct session *s)
{
        for (size_t i = 0; i < set->count; i++)
                if (stands(set->list[i], s) && set->list[i]->uid == 0)
                        return true;
        return false;
}

const struct kill *killset_strictest(const struct killset *set, const struct session *s)
{
        const struct kill *best = NULL;

        for (size_t i = 0; i < set->count; i++)
                if (stands(set->list[i], s) && (!best || strength_rank(set->list[i]->strength) > strength_rank(best->strength)))
                        best = set->list[i];
        return best;
}

const struct kill *killset_capability(const struct killset *set, const struct session *s, const char *name)
{
        for (size_t i = 0; i < set->count; i++) {
                const struct kill *k = set->list[i];

                if (k->strength && k->target.scope == KILL_CAPABILITY && !strcmp(k->target.name, name) && target_matches(&k->target, s))
                        return k;
        }
        return NULL;
}
