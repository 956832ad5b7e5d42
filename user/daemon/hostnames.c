/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/hostnames.h"

#include <stdlib.h>
#include <string.h>

static struct hostname *find(const struct hostnames *h, const uint8_t addr[16])
{
        for (size_t i = 0; i < h->count; i++)
                if (!memcmp(h->list[i].addr, addr, sizeof(h->list[i].addr)))
                        return &h->list[i];
        return NULL;
}

static struct hostname *oldest(const struct hostnames *h)
{
        struct hostname *o = h->list;

        for (size_t i = 1; i < h->count; i++)
                if (h->list[i].told < o->told)
                        o = &h->list[i];
        return o;
}

/* The place of an address that has none yet. */
static struct hostname *place(struct hostnames *h)
{
        struct hostname *list = h->list;

        if (h->count == HOSTNAMES_MAX)
                return oldest(h);
        if (!(h->count & (h->count - 1))) /* the room is a power of two */
                list = reallocarray(h->list, h->count ? 2 * h->count : 1, sizeof(*list));
        if (!list)
                return NULL;
        h->list = list;
        list[h->count] = (struct hostname){ 0 };
        return &list[h->count++];
}

void hostnames_note(struct hostnames *h, const uint8_t addr[16], const char *name, size_t size)
{
        struct hostname *at = find(h, addr);
        char *copy = strndup(name, size);

        if (copy && !at)
                at = place(h);
        if (!copy || !at) {
                free(copy);
                return;
        }
        free(at->name);
        memcpy(at->addr, addr, sizeof(at->addr));
        at->name = copy;
        at->told = ++h->told;
}

const char *hostnames_find(const struct hostnames *h, const uint8_t addr[16])
{
        const struct hostname *at = find(h, addr);

        return at ? at->name : NULL;
}

void hostnames_clear(struct hostnames *h)
{
        for (size_t i = 0; i < h->count; i++)
                free(h->list[i].name);
        free(h->list);
        *h = (struct hostnames){ 0 };
}
