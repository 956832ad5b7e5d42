/* SPDX-License-Identifier: Apache-2.0 */
/* A compiled policy into the maps, under an id of its own, and out again. */
#include "kernel/internal.h"

#include "base/cleanup.h"

#include <bpf/bpf.h>
#include <holdfast/decide.h>
#include <linux/membarrier.h>
#include <string.h>
#include <sys/syscall.h>

#define UNLOADED_MAX 256       /* policies that wait to be removed at once, */
#define UNLOADED_HELD_MAX 1024 /* and the descriptors that they hold */

/* The objects behind descriptors, by descriptor. */
struct objects {
        struct hf_object *list;
        bool *known;
        bool *hold;
        int count;
};

static int objects_chunk(void *context, const void *data, size_t size)
{
        struct objects *o = context;
        const struct hf_named *named = data;

        for (size_t i = 0; i < size / sizeof(*named); i++)
                if ((int)named[i].fd < o->count) {
                        o->list[named[i].fd] = named[i].object;
                        o->known[named[i].fd] = true;
                        o->hold[named[i].fd] = named[i].hold;
                }
        return (int)(size - size % sizeof(*named));
}

static void objects_free(struct objects *o)
{
        free(o->list);
        free(o->known);
        free(o->hold);
}

/* Lets the kernel name every object that the policy's places hold open. */
static int objects_name(struct kernel *k, const struct compiled *c, struct objects *o)
{
        for (size_t i = 0; i < c->n_places; i++)
                if (c->places[i].fd >= o->count)
                        o->count = c->places[i].fd + 1;
        o->list = calloc((size_t)o->count + 1, sizeof(*o->list));
        o->known = calloc((size_t)o->count + 1, sizeof(*o->known));
        o->hold = calloc((size_t)o->count + 1, sizeof(*o->hold));
        if (!o->list || !o->known || !o->hold)
                return -ENOMEM;
        return iter_run(k->iter[ITER_OBJECTS], true, objects_chunk, o);
}

uint64_t name_hash(const struct hf_host *host, const char *name)
{
        size_t length = strlen(name);
        struct hf_hash h;

        hf_hash_start(&h, host->hash_key);
        for (size_t at = 0; at < length; at += 8) {
                uint64_t word = 0;

                memcpy(&word, name + at, length - at < 8 ? length - at : 8);
                hf_hash_word(&h, word);
        }
        return hf_hash_finish(&h, (uint32_t)length);
}

/* What is loaded: the places, with those that turned out to be one object brought together. */
struct load {
        struct compiled *c;
        struct objects objects;
        size_t *order;   /* places that have an object, those of one object side by side */
        uint32_t *table; /* per place: the names table of the places below it */
};

static void load_free(struct load *l)
{
        objects_free(&l->objects);
        free(l->order);
        free(l->table);
}

static int object_compare(const void *a, const void *b, void *context)
{
        const struct load *l = context;
        const size_t *i = a, *j = b;
        const struct hf_object *x = &l->objects.list[l->c->places[*i].fd], *y = &l->objects.list[l->c->places[*j].fd];
        int order = memcmp(x, y, sizeof(*x));

        return order ? order : (*i > *j) - (*i < *j);
}

/* Of the places of one object (a bind mount, a hard link) those where a rule speaks decide, together; all share one names table. */
static void places_meet(struct load *l, const size_t *group, size_t n)
{
        struct place *places = l->c->places;
        struct hf_node node;
        size_t first = 0;
        uint32_t table = 0;

        while (first < n && !places[group[first]].ruled)
                first++;
        first = first == n ? 0 : first;
        node = places[group[first]].node;
        for (size_t i = 0; i < n; i++) {
                if (i != first && places[group[i]].ruled == places[group[first]].ruled)
                        node_meet(&node, &places[group[i]].node);
                if (!table)
                        table = places[group[i]].node.names;
        }
        node.names = table;
        for (size_t i = 0; i < n; i++) {
                places[group[i]].node = node;
                l->table[group[i]] = table;
        }
}

static int places_prepare(struct kernel *k, struct load *l)
{
        struct compiled *c = l->c;
        size_t n = 0;
        int r = objects_name(k, c, &l->objects);

        if (r)
                return r;
        l->order = calloc(c->n_places, sizeof(*l->order));
        l->table = calloc(c->n_places, sizeof(*l->table));
        if (!l->order || !l->table)
                return -ENOMEM;
        for (size_t i = 0; i < c->n_places; i++) {
                l->table[i] = c->places[i].node.names;
                if (c->places[i].fd < 0)
                        continue;
                if (!l->objects.known[c->places[i].fd])
                        return -EIO;
                l->order[n++] = i;
        }
        qsort_r(l->order, n, sizeof(*l->order), object_compare, l);
        for (size_t i = 0, j; i < n; i = j) {
                const struct hf_object *object = &l->objects.list[c->places[l->order[i]].fd];

                for (j = i + 1; j < n && !memcmp(object, &l->objects.list[c->places[l->order[j]].fd], sizeof(*object)); j++)
                        ;
                if (j - i > 1)
                        places_meet(l, l->order + i, j - i);
        }
        return 0;
}

static int place_load(struct kernel *k, uint32_t policy, const struct load *l, size_t i)
{
        const struct place *place = &l->c->places[i];
        struct hf_name_key name = { .policy = policy };

        if (place->fd >= 0) {
                struct hf_node_key key = { .object = l->objects.list[place->fd], .policy = policy };

                if (bpf_map_update_elem(k->map[MAP_NODES], &key, &place->node, BPF_ANY))
                        return -errno;
        }
        if (place->parent < 0)
                return 0;
        name.table = l->table[place->parent];
        name.hash = name_hash(k->host, place->name);
        return bpf_map_update_elem(k->map[MAP_NAMES], &name, &place->node, BPF_ANY) ? -errno : 0;
}

/* Keeps open what goes by its address, as long as the policy is loaded. */
static int objects_hold(struct kernel *k, uint32_t policy, struct compiled *c, const struct objects *o)
{
        struct held *held = &k->held[policy];
        size_t n = 0;

        for (size_t i = 0; i < c->n_places; i++)
                n += c->places[i].fd >= 0 && o->hold[c->places[i].fd];
        held->fds = calloc(n + 1, sizeof(*held->fds));
        if (!held->fds)
                return -ENOMEM;
        for (size_t i = 0; i < c->n_places; i++)
                if (c->places[i].fd >= 0 && o->hold[c->places[i].fd])
                        held->fds[held->count++] = TAKE_FD(c->places[i].fd);
        return 0;
}

void objects_release(struct kernel *k, uint32_t policy)
{
        struct held *held = &k->held[policy];

        for (size_t i = 0; i < held->count; i++)
                close(held->fds[i]);
        free(held->fds);
        *held = (struct held){ NULL, 0 };
}

static int places_load(struct kernel *k, uint32_t policy, struct compiled *c)
{
        _cleanup_(load_free) struct load l = { .c = c };
        int r = places_prepare(k, &l);

        for (size_t i = 0; !r && i < c->n_places; i++)
                r = place_load(k, policy, &l, i);
        return r ? r : objects_hold(k, policy, c, &l.objects);
}

static int egress_load(struct kernel *k, uint32_t policy, const struct compiled *c)
{
        for (size_t i = 0; i < c->n_prefixes; i++) {
                struct hf_egress_key key = { .prefix = 32 + c->prefixes[i].bits, .policy = policy };

                memcpy(key.addr, c->prefixes[i].addr, sizeof(key.addr));
                if (bpf_map_update_elem(k->map[MAP_EGRESS], &key, &c->prefixes[i].egress, BPF_ANY))
                        return -errno;
        }
        return 0;
}

/* Deletes every key whose policy, at the given offset, is to be reaped. */
static void sweep(const struct kernel *k, int map, size_t key_size, size_t policy_at)
{
        _Alignas(8) char key[64], next[64];
        bool have = false;

        while (!bpf_map_get_next_key(map, have ? key : NULL, next)) {
                uint32_t policy;

                memcpy(&policy, next + policy_at, sizeof(policy));
                if (policy < HF_POLICIES && k->unloaded[policy]) {
                        bpf_map_delete_elem(map, next);
                        continue; /* from the same key again */
                }
                memcpy(key, next, key_size);
                have = true;
        }
}

void kernel_policy_reap(struct kernel *k)
{
        if (!k->n_unloaded)
                return;
        /* Every hook runs within one RCU read section; after a grace period none can still see the policies. */
        syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
        sweep(k, k->map[MAP_NODES], sizeof(struct hf_node_key), offsetof(struct hf_node_key, policy));
        sweep(k, k->map[MAP_NAMES], sizeof(struct hf_name_key), offsetof(struct hf_name_key, policy));
        sweep(k, k->map[MAP_EGRESS], sizeof(struct hf_egress_key), offsetof(struct hf_egress_key, policy));
        for (uint32_t policy = 0; policy < HF_POLICIES; policy++)
                if (k->unloaded[policy]) {
                        objects_release(k, policy);
                        k->policies[policy] = (struct hf_policy){ 0 };
                        k->unloaded[policy] = false;
                }
        k->n_unloaded = 0;
        k->unloaded_held = 0;
}

void kernel_policy_unload(struct kernel *k, uint32_t policy)
{
        if (!k->unloaded[policy]) {
                k->unloaded[policy] = true;
                k->n_unloaded++;
                k->unloaded_held += k->held[policy].count;
        }
        if (k->n_unloaded >= UNLOADED_MAX || k->unloaded_held >= UNLOADED_HELD_MAX)
                kernel_policy_reap(k);
}

int kernel_policy_load(struct kernel *k, uint32_t policy, struct compiled *c, struct error *e)
{
        struct hf_policy record = k->policies[policy];
        int r;

        if (k->unloaded[policy]) {
                kernel_policy_reap(k);
                k->policies[policy] = record;
        }
        r = places_load(k, policy, c);
        if (!r)
                r = egress_load(k, policy, c);
        if (r) {
                kernel_policy_unload(k, policy);
                kernel_policy_reap(k);
                return error_set(e, r, "cannot load the policy into the kernel: %s",
                                 r == -E2BIG ? "the maps are full: end other sessions first" : strerror(-r));
        }
        compiled_close(c);
        return 0;
}

int kernel_cgroup_add(struct kernel *k, uint64_t cgroup, uint32_t slot, struct error *e)
{
        if (bpf_map_update_elem(k->map[MAP_CGROUPS], &cgroup, &slot, BPF_NOEXIST))
                return errno == EEXIST ? error_set(e, -EEXIST, "the cgroup belongs to a session already")
                                       : kernel_error(e, -errno, "cannot tie the cgroup to the session");
        return 0;
}

void kernel_cgroup_remove(struct kernel *k, uint64_t cgroup)
{
        bpf_map_delete_elem(k->map[MAP_CGROUPS], &cgroup);
}
