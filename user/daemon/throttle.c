/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/throttle.h"

#include "base/json.h"
#include "base/log.h"
#include "daemon/daemon.h"
#include "daemon/flows.h"
#include "daemon/kill.h"

#include <stdio.h>
#include <string.h>

/* What a capability of the session's policy has used of its budget; 0 where there is none. */
static uint64_t used_of(struct daemon *d, const struct session *s, const char *name)
{
        struct hf_throttle t;

        for (int i = 0; s->policy && i < s->policy->n_capabilities; i++)
                if (!strcmp(s->policy->capabilities[i].name, name) && kernel_throttle(d->kernel, s->policy_id, i, &t) == 0)
                        return t.budget ? t.used : 0;
        return 0;
}

void throttle_switch(struct daemon *d, struct session *s, uint32_t id, const struct policy *policy)
{
        for (int i = 0; i < policy->n_capabilities; i++) {
                const struct capability *c = &policy->capabilities[i];
                uint64_t used = c->throttle.budget ? used_of(d, s, c->name) : 0;
                int r = used ? kernel_throttle_use(d->kernel, id, i, used) : 0;

                if (r < 0)
                        log_warning("session %s: what %s has used of its budget is not known any more: %s", s->id, c->name, strerror(-r));
        }
        if (kernel_policy(d->kernel, id)->throttled)
                __atomic_store_n(&kernel_session(d->kernel, s->slot)->throttled, 1, __ATOMIC_RELEASE);
}

void throttle_switched(struct daemon *d, struct session *s, uint32_t id)
{
        __atomic_store_n(&kernel_session(d->kernel, s->slot)->throttled, kernel_policy(d->kernel, id)->throttled != 0, __ATOMIC_RELEASE);
        s->spent = 0;
}

static bool is_paused_for(const struct daemon *d, const struct session *s, const char *reason)
{
        const struct target t = target_session(s->id);
        const struct kill *k;

        for (size_t i = 0; (k = killset_next(&d->kills, &t, &i));)
                if (k->strength == HF_KILL_PAUSE && !strcmp(k->reason, reason))
                        return true;
        return false;
}

/* One pause for each, so that a lift of another's does not renew the budget. False: it is not paused. */
static bool pause_for(struct daemon *d, struct session *s, const struct capability *c)
{
        char reason[192];

        snprintf(reason, sizeof(reason), "the capability %s has used its budget of %llu bytes", c->name,
                 (unsigned long long)c->throttle.budget);
        return is_paused_for(d, s, reason) || kill_session(d, s, HF_KILL_PAUSE, reason) == 0;
}

/* The capability of a bit where it pauses the session once its budget is used. */
static const struct capability *pausing(const struct session *s, int i)
{
        const struct policy *p = s->policy;

        return p && i < p->n_capabilities && p->capabilities[i].throttle.then == HF_KILL_PAUSE ? &p->capabilities[i] : NULL;
}

static uint64_t spent_of(struct daemon *d, const struct session *s)
{
        return __atomic_load_n(&kernel_policy(d->kernel, s->policy_id)->spent, __ATOMIC_ACQUIRE);
}

uint64_t throttle_ends(struct daemon *d, const struct session *s)
{
        uint64_t spent = spent_of(d, s);

        for (int i = 0; i < POLICY_CAPABILITIES_MAX; i++)
                if (pausing(s, i))
                        spent &= ~(1ULL << i);
        return spent;
}

void throttle_check(struct daemon *d, struct session *s)
{
        const uint64_t fresh = spent_of(d, s) & ~s->spent;

        /* While it is being switched, what is known of the session is of the policy before. */
        if (!fresh || kernel_session(d->kernel, s->slot)->policy != s->policy_id)
                return;
        for (int i = 0; i < POLICY_CAPABILITIES_MAX; i++)
                if ((fresh >> i & 1) && (!pausing(s, i) || pause_for(d, s, pausing(s, i))))
                        s->spent |= 1ULL << i;
        if (fresh & throttle_ends(d, s))
                flows_end(d, s);
}

void throttle_renew(struct daemon *d, struct session *s)
{
        const uint64_t spent = spent_of(d, s);

        for (int i = 0; i < POLICY_CAPABILITIES_MAX; i++)
                if ((spent >> i & 1) && pausing(s, i) && kernel_throttle_use(d->kernel, s->policy_id, i, 0) == 0)
                        s->spent &= ~(1ULL << i);
}

void throttle_add_json(struct daemon *d, const struct session *s, cJSON *to)
{
        cJSON *list = NULL;

        for (int i = 0; s->live && s->policy && i < s->policy->n_capabilities; i++) {
                const struct capability *c = &s->policy->capabilities[i];
                struct hf_throttle t;
                cJSON *o;

                if (!throttle_is_set(&c->throttle) || kernel_throttle(d->kernel, s->policy_id, i, &t) < 0)
                        continue;
                list = list ? list : cJSON_AddArrayToObject(to, "throttles");
                o = cJSON_CreateObject();
                json_add_text(o, "capability", c->name);
                if (t.bytes)
                        json_add_u64(o, "bytes_per_second", t.bytes);
                if (t.connections)
                        json_add_u64(o, "connections_per_second", t.connections);
                if (t.budget) {
                        json_add_u64(o, "budget", t.budget);
                        json_add_u64(o, "used", t.used < t.budget ? t.used : t.budget);
                }
                cJSON_AddItemToArray(list, o);
        }
}
