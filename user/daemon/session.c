/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/session.h"

#include "base/json.h"
#include "base/time.h"
#include "daemon/daemon.h"

#include <string.h>

struct session *session_new(void)
{
        struct session *s = calloc(1, sizeof(*s));

        if (!s)
                return NULL;
        s->cgroup_fd = -1;
        s->netlink = -1;
        s->resolver = (struct session_resolver)SESSION_RESOLVER_INIT;
        return s;
}

void session_free(struct session *s)
{
        if (!s)
                return;
        sd_event_source_disable_unref(s->watch);
        sd_event_source_disable_unref(s->wall);
        revoke_clear(&s->revoke);
        session_resolver_clear(&s->resolver);
        found_clear(&s->found);
        session_origins_clear(s);
        hostnames_clear(&s->hostnames);
        trips_clear(&s->trips);
        folds_clear(&s->folds);
        recent_clear(&s->recent);
        policy_free(s->policy);
        findings_clear(&s->unverified);
        ceilings_clear(&s->ceilings);
        mounts_clear(&s->mounts);
        cleanup_close(&s->cgroup_fd);
        cleanup_close(&s->netlink);
        free(s->policy_name);
        free(s->policy_text);
        free(s->name);
        free(s->agent);
        free(s->version);
        free(s->user);
        free(s->home);
        free(s->workspace);
        free(s->cgroup);
        free(s->end_reason);
        free(s);
}

int sessions_add(struct sessions *all, struct session *s)
{
        struct session **list = reallocarray(all->list, all->count + 1, sizeof(struct session *));

        if (!list)
                return -ENOMEM;
        all->list = list;
        list[all->count++] = s;
        if (s->live) {
                all->slots[s->slot] = s;
                all->policies[s->policy_id] = true;
        }
        return 0;
}

void sessions_remove(struct sessions *all, struct session *s)
{
        for (size_t i = 0; i < all->count; i++) {
                if (all->list[i] != s)
                        continue;
                memmove(all->list + i, all->list + i + 1, (all->count - i - 1) * sizeof(struct session *));
                all->count--;
                break;
        }
        if (all->slots[s->slot] == s)
                all->slots[s->slot] = NULL;
        session_free(s);
}

void sessions_clear(struct sessions *all)
{
        for (size_t i = 0; i < all->count; i++)
                session_free(all->list[i]);
        free(all->list);
        all->list = NULL;
        all->count = 0;
}

struct session *sessions_by_id(const struct sessions *all, const char *id)
{
        for (size_t i = all->count; i > 0; i--)
                if (!strcmp(all->list[i - 1]->id, id))
                        return all->list[i - 1];
        return NULL;
}

void session_mounts(struct session *s, struct mounts *mounts)
{
        mounts_clear(&s->mounts);
        s->mounts = *mounts;
        *mounts = (struct mounts)MOUNTS_INIT;
        s->mounts_read = time_now(CLOCK_BOOTTIME);
}

struct session *sessions_by_slot(const struct sessions *all, uint32_t slot, uint64_t generation)
{
        struct session *s = slot < HF_SLOTS ? all->slots[slot] : NULL;

        return s && s->generation == generation ? s : NULL;
}

/* Both go round rather than take the lowest, so that what was freed a moment ago rests for as long as possible. */
int sessions_take_slot(struct sessions *all, uint32_t *ret)
{
        for (uint32_t i = 0; i < HF_SLOTS - 1; i++) {
                uint32_t slot = 1 + (all->next_slot + i) % (HF_SLOTS - 1);

                if (all->slots[slot])
                        continue;
                all->next_slot = slot;
                *ret = slot;
                return 0;
        }
        return -ENOSPC;
}

int sessions_take_policy(struct sessions *all, uint32_t *ret)
{
        for (uint32_t i = 0; i < HF_POLICIES - 1; i++) {
                uint32_t id = 1 + (all->next_policy + i) % (HF_POLICIES - 1);

                if (all->policies[id])
                        continue;
                all->policies[id] = true;
                all->next_policy = id;
                *ret = id;
                return 0;
        }
        return -ENOSPC;
}

uint32_t session_bits(struct daemon *d, const struct session *s)
{
        return __atomic_load_n(&kernel_session(d->kernel, s->slot)->kill, __ATOMIC_ACQUIRE) |
               __atomic_load_n(&kernel_host(d->kernel)->kill, __ATOMIC_ACQUIRE);
}

const char *session_state(struct daemon *d, const struct session *s)
{
        return s->live ? kill_state(session_bits(d, s)) : "ended";
}

static void add_time(cJSON *o, const char *name, uint64_t ns)
{
        char text[TIME_TEXT_SIZE];

        if (ns)
                cJSON_AddStringToObject(o, name, time_format(ns, text));
        else
                cJSON_AddNullToObject(o, name);
}

static void add_counts(struct daemon *d, cJSON *o, const struct session *s)
{
        const struct hf_session *record = kernel_session(d->kernel, s->slot);

        json_add_u64(o, "denials", s->live ? __atomic_load_n(&record->denials, __ATOMIC_RELAXED) : s->denials);
        json_add_u64(o, "lost", s->live ? __atomic_load_n(&record->lost, __ATOMIC_RELAXED) : s->lost);
}

static void add_unverified(cJSON *o, const struct findings *unverified)
{
        cJSON *list = cJSON_AddArrayToObject(o, "unverified");

        for (int i = 0; list && i < unverified->count; i++) {
                cJSON *item = cJSON_CreateObject();

                json_add_text(item, "where", unverified->list[i].where);
                json_add_text(item, "what", unverified->list[i].what);
                cJSON_AddItemToArray(list, item);
        }
}

cJSON *session_json(struct daemon *d, const struct session *s)
{
        const struct kill *kill = killset_strictest(&d->kills, s);
        cJSON *o = cJSON_CreateObject();

        if (!o)
                return NULL;
        cJSON_AddStringToObject(o, "id", s->id);
        json_add_text(o, "name", s->name);
        cJSON_AddStringToObject(o, "state", session_state(d, s));
        json_add_text(o, "agent", s->agent);
        json_add_text(o, "version", s->version);
        json_add_text(o, "user", s->user);
        cJSON_AddNumberToObject(o, "uid", s->uid);
        json_add_text(o, "policy", s->policy_name);
        cJSON_AddItemToObject(o, "ceilings", ceilings_json(&s->ceilings));
        cJSON_AddBoolToObject(o, "clipped", s->ceilings.clipped);
        cJSON_AddBoolToObject(o, "audit_only", s->audit_only);
        add_unverified(o, &s->unverified);
        cJSON_AddNumberToObject(o, "pid", s->pid);
        add_time(o, "started", s->started);
        add_time(o, "ended", s->ended);
        if (s->end_reason)
                json_add_text(o, "end_reason", s->end_reason);
        if (kill && s->live)
                json_add_text(o, "kill_reason", kill->reason);
        if (s->workspace)
                json_add_text(o, "workspace", s->workspace);
        cJSON_AddStringToObject(o, "attach", attach_name(s->attach));
        json_add_text(o, "cgroup", s->cgroup);
        cJSON_AddNumberToObject(o, "slot", s->slot);
        add_counts(d, o, s);
        return o;
}
