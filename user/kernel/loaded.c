/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/loaded.h"

#include "base/cleanup.h"
#include "holdfast/book.h"

#include <errno.h>
#include <search.h>
#include <string.h>

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

static int held_compare(const void *a, const void *b)
{
        return memcmp(&((const struct held *)a)->object, &((const struct held *)b)->object, sizeof(struct hf_object));
}

/* The object behind a descriptor, which it takes over where nobody holds that yet. */
static struct held *held_get(void **all, const struct hf_object *object, int *fd)
{
        struct held *h = malloc(sizeof(*h)), **found;

        if (!h)
                return NULL;
        *h = (struct held){ .object = *object, .fd = *fd };
        found = (struct held **)tsearch(h, all, held_compare);
        if (found && *found == h)
                TAKE_FD(*fd);
        else
                free(h);
        if (!found)
                return NULL;
        (*found)->policies++;
        return *found;
}

static void held_put(void **all, struct held *h)
{
        if (--h->policies)
                return;
        tdelete(h, all, held_compare);
        close(h->fd);
        free(h);
}

int loaded_hold(struct loaded *l, void **all, struct compiled *c, const struct hf_object *objects, const bool *hold)
{
        l->held = calloc(c->n_places + 1, sizeof(struct held *));
        l->fds = calloc(c->n_places + 1, sizeof(*l->fds));
        if (!l->held || !l->fds)
                return -ENOMEM;
        for (size_t i = 0; i < c->n_places; i++) {
                struct held *h;

                if (c->places[i].fd < 0 || !hold[c->places[i].fd])
                        continue;
                h = held_get(all, &objects[c->places[i].fd], &c->places[i].fd);
                if (!h)
                        return -ENOMEM;
                l->held[l->n_fds] = h;
                l->fds[l->n_fds++] = h->fd;
        }
        return 0;
}

void loaded_release(struct loaded *l, void **all)
{
        for (size_t i = 0; i < l->n_fds; i++)
                held_put(all, l->held[i]);
        free(l->held);
        free(l->fds);
        free(l->hints);
        *l = (struct loaded){ 0 };
}
