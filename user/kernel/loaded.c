/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/loaded.h"

#include "base/cleanup.h"
#include "holdfast/book.h"

#include <errno.h>

int loaded_hint(struct loaded *l, struct hf_hints *hints, uint32_t policy, const struct book_place *places, size_t n, uint32_t first)
{
        l->hints = calloc(n + 1, sizeof(*l->hints));
        if (!l->hints)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++) {
                const struct hf_object *o = places[i].object;
                struct hint hint = { 0, first + (uint32_t)i };

                if (!o)
                        continue;
                hint.at = hf_hint(o->ino, hf_hint_salt(policy, o->dev));
                if (hints->place[hint.at])
                        hint.place = HF_HINT_MANY;
                __atomic_store_n(&hints->place[hint.at], hint.place, __ATOMIC_RELEASE);
                l->hints[l->n_hints++] = hint;
        }
        return 0;
}

void loaded_unhint(const struct loaded *l, struct hf_hints *hints)
{
        for (size_t i = 0; i < l->n_hints; i++) {
                const struct hint *h = &l->hints[i];

                if (h->place != HF_HINT_MANY && hints->place[h->at] == h->place)
                        __atomic_store_n(&hints->place[h->at], 0, __ATOMIC_RELEASE);
        }
}

int loaded_hold(struct loaded *l, struct compiled *c, const bool *hold)
{
        l->fds = calloc(c->n_places + 1, sizeof(*l->fds));
        if (!l->fds)
                return -ENOMEM;
        for (size_t i = 0; i < c->n_places; i++)
                if (c->places[i].fd >= 0 && hold[c->places[i].fd])
                        l->fds[l->n_fds++] = TAKE_FD(c->places[i].fd);
        return 0;
}

void loaded_release(struct loaded *l)
{
        for (size_t i = 0; i < l->n_fds; i++)
                close(l->fds[i]);
        free(l->fds);
        free(l->hints);
        *l = (struct loaded){ NULL, 0, NULL, 0 };
}
