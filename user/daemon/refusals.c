/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/refusals.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static bool is_same(const struct refusal *r, const char *actor, const char *reason, const char *address)
{
        return !strncmp(r->actor, actor, sizeof(r->actor) - 1) && !strncmp(r->reason, reason, sizeof(r->reason) - 1) &&
               !strncmp(r->address, address, sizeof(r->address) - 1);
}

static struct refusal *find(struct refusals *all, const char *actor, const char *reason, const char *address)
{
        struct refusal *r;

        for (int i = 0; i < all->n; i++)
                if (is_same(&all->list[i], actor, reason, address))
                        return &all->list[i];
        if (all->n == REFUSALS_KINDS) {
                r = &all->list[REFUSALS_KINDS];
                snprintf(r->actor, sizeof(r->actor), "several");
                snprintf(r->reason, sizeof(r->reason), "more kinds of refusals than are told apart");
                return r;
        }
        r = &all->list[all->n++];
        *r = (struct refusal){ .since = 0 };
        snprintf(r->actor, sizeof(r->actor), "%s", actor);
        snprintf(r->reason, sizeof(r->reason), "%s", reason);
        snprintf(r->address, sizeof(r->address), "%s", address);
        return r;
}

void refusals_note(struct refusals *all, const char *actor, const char *reason, const char *address, uint64_t now, refusals_tell tell,
                   void *context)
{
        struct refusal *r = find(all, actor, reason, address);

        if (r->since) {
                r->count++;
                return;
        }
        r->since = now;
        tell(context, r, 1);
}

/* False once nothing more came within an interval. */
static bool tick_one(struct refusal *r, uint64_t now, refusals_tell tell, void *context)
{
        if (!r->since || now < r->since + REFUSALS_INTERVAL)
                return r->since != 0;
        if (!r->count)
                return false;
        tell(context, r, r->count);
        r->count = 0;
        r->since = now;
        return true;
}

void refusals_tick(struct refusals *all, uint64_t now, refusals_tell tell, void *context)
{
        for (int i = all->n; i > 0; i--)
                if (!tick_one(&all->list[i - 1], now, tell, context))
                        all->list[i - 1] = all->list[--all->n];
        if (!tick_one(&all->list[REFUSALS_KINDS], now, tell, context))
                all->list[REFUSALS_KINDS] = (struct refusal){ .since = 0 };
}
