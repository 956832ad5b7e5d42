/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/totals.h"

#include "daemon/daemon.h"

#include <string.h>

const char *const totals_states[TOTALS_STATES] = { "running", "paused", "denied", "killed", "ended" };

struct totals totals_of(struct daemon *d)
{
        struct totals t = { .lost = __atomic_load_n(&kernel_host(d->kernel)->lost, __ATOMIC_RELAXED) };

        for (size_t i = 0; i < d->sessions.count; i++) {
                const struct session *s = d->sessions.list[i];
                const struct hf_session *record = kernel_session(d->kernel, s->slot);
                const char *state = session_state(d, s);

                for (size_t j = 0; j < TOTALS_STATES; j++)
                        t.states[j] += !strcmp(totals_states[j], state);
                t.denials += s->live ? __atomic_load_n(&record->denials, __ATOMIC_RELAXED) : s->denials;
                t.lost += s->live ? __atomic_load_n(&record->lost, __ATOMIC_RELAXED) : s->lost;
                t.rules += s->live && s->policy ? (uint64_t)s->policy->n_rules : 0;
        }
        return t;
}
