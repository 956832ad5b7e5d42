/* SPDX-License-Identifier: Apache-2.0 */
#include "base/limiter.h"

#include <stdio.h>
#include <string.h>

bool limiter_take(struct limiter *l, const char *name, uint64_t now, uint64_t *wait)
{
        const uint64_t span = l->burst * l->interval;
        uint64_t full;
        int at = 0;

        for (int i = 0; i < LIMITER_NAMES; i++) {
                if (!strncmp(l->list[i].name, name, LIMITER_NAME_SIZE - 1)) {
                        at = i;
                        break;
                }
                if (l->list[i].full < l->list[at].full)
                        at = i;
        }
        if (strncmp(l->list[at].name, name, LIMITER_NAME_SIZE - 1) != 0) {
                snprintf(l->list[at].name, LIMITER_NAME_SIZE, "%s", name);
                l->list[at].full = 0;
        }
        full = (l->list[at].full > now ? l->list[at].full : now) + l->interval;
        if (full <= now + span) {
                l->list[at].full = full;
                return true;
        }
        if (wait)
                *wait = full - span - now;
        return false;
}
