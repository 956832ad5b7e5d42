/* SPDX-License-Identifier: Apache-2.0 */
#include "base/window.h"

#include <errno.h>
#include <stdlib.h>

#define RING (WINDOW_STEPS + 1)

static void add(struct window *w, uint64_t now, uint64_t total)
{
        const size_t at = (w->first + w->n) % RING;

        w->at[at] = now;
        w->total[at] = total;
        if (w->n < RING)
                w->n++;
        else
                w->first = (w->first + 1) % RING;
}

void window_begin(struct window *w, uint64_t within, uint64_t now, uint64_t total)
{
        *w = (struct window){ .within = within, .step = within / WINDOW_STEPS };
        add(w, now, total);
}

uint64_t window_grown(struct window *w, uint64_t now, uint64_t total)
{
        const size_t last = (w->first + w->n - 1) % RING;
        uint64_t grown;

        /* The last that is left stays, however old: nobody has asked since. */
        while (w->n > 1 && now - w->at[w->first] > w->within) {
                w->first = (w->first + 1) % RING;
                w->n--;
        }
        grown = total - w->total[w->first];
        if (now - w->at[last] >= w->step)
                add(w, now, total);
        return grown;
}

int different_begin(struct different *d, uint64_t within, size_t most)
{
        *d = (struct different){ .within = within, .most = most, .list = calloc(most + 1, sizeof(*d->list)) };
        return d->list ? 0 : -ENOMEM;
}

void different_clear(struct different *d)
{
        free(d->list);
        *d = (struct different){ 0 };
}

void different_forget(struct different *d)
{
        d->n = 0;
}

/* Those that are older than the time leave. */
static void leave(struct different *d, uint64_t now)
{
        size_t n = 0;

        for (size_t i = 0; i < d->n; i++)
                if (now - d->list[i].at <= d->within)
                        d->list[n++] = d->list[i];
        d->n = n;
}

size_t different_note(struct different *d, uint64_t hash, uint64_t now)
{
        leave(d, now);
        for (size_t i = 0; i < d->n; i++) {
                if (d->list[i].hash != hash)
                        continue;
                d->list[i].at = now;
                return d->n;
        }
        if (d->n <= d->most)
                d->list[d->n++] = (struct different_one){ hash, now };
        return d->n;
}
