/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/killset.h"

#include "base/cleanup.h"
#include "holdfast/abi.h"

#include <errno.h>
#include <string.h>

void kill_free(struct kill *k)
{
        if (!k)
                return;
        free(k->reason);
        free(k->actor);
        free(k);
}

struct kill *kill_new(const char *session, uint32_t strength, uid_t uid, const char *reason, const char *actor, uint64_t time)
{
        struct kill *k = calloc(1, sizeof(*k));

        if (!k)
                return NULL;
        id_new(k->id);
        if (session)
                strncpy(k->session, session, sizeof(k->session) - 1);
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

struct kill *killset_next(const struct killset *set, const char *session, size_t *i)
{
        while (*i < set->count) {
                struct kill *k = set->list[(*i)++];

                if (!strcmp(k->session, session))
                        return k;
        }
        return NULL;
}

uint32_t killset_bits(const struct killset *set, const char *session)
{
        uint32_t bits = 0;
        struct kill *k;

        for (size_t i = 0; (k = killset_next(set, session, &i));)
                bits |= k->strength;
        return bits;
}

static int rank(const struct kill *k)
{
        return k->strength == HF_KILL_KILL ? 3 : k->strength == HF_KILL_PAUSE ? 2 : 1;
}

const struct kill *killset_strictest(const struct killset *set, const char *session)
{
        const struct kill *best = NULL;

        for (size_t i = 0; i < set->count; i++) {
                const struct kill *k = set->list[i];

                if ((!*k->session || !strcmp(k->session, session)) && (!best || rank(k) > rank(best)))
                        best = k;
        }
        return best;
}
