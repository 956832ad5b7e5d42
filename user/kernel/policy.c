/* SPDX-License-Identifier: Apache-2.0 */
/* A compiled policy into the maps, under an id of its own, and out again. */
#include "kernel/internal.h"

#include "base/cleanup.h"
#include "kernel/book.h"
#include "kernel/content.h"

#include <bpf/bpf.h>
#include <linux/membarrier.h>
#include <string.h>
#include <sys/mman.h>
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
        const union bpf_iter_link_info own = { .task.tid = (uint32_t)getpid() };

        for (size_t i = 0; i < c->n_places; i++)
                if (c->places[i].fd >= o->count)
                        o->count = c->places[i].fd + 1;
        o->list = calloc((size_t)o->count + 1, sizeof(*o->list));
        o->known = calloc((size_t)o->count + 1, sizeof(*o->known));
        o->hold = calloc((size_t)o->count + 1, sizeof(*o->hold));
        if (!o->list || !o->known || !o->hold)
                return -ENOMEM;
        return iter_run(k->iter[ITER_OBJECTS], &own, objects_chunk, o);
}

/* What is loaded: the places, with those that turned out to be one object brought together. */
struct load {
        struct compiled *c;
        struct objects objects;
        size_t *order;                   /* places that have an object, those of one object side by side */
        size_t n;                        /* of them */
        uint32_t *table;                 /* per place: the names table of the places below it */
        struct content_object *contents; /* those whose content the policy names */
        size_t n_contents;
};

static void load_free(struct load *l)
{
        objects_free(&l->objects);
        free(l->order);
        free(l->table);
        free(l->contents);
}

static int object_compare(const void *a, const void *b, void *context)
{
        const struct load *l = context;
        const size_t *i = a, *j = b;
        const struct hf_object *x = &l->objects.list[l->c->places[*i].fd], *y = &l->objects.list[l->c->places[*j].fd];
        int order = memcmp(x, y, sizeof(*x));

        return order ? order : (*i > *j) - (*i < *j);
}

/* The places of one object (a bind mount, a hard link) decide together, and share one names table. */
static int places_meet(struct load *l, const size_t *group, size_t n)
{
        struct place *places = l->c->places;
        int r = compiled_meet(l->c, group, n);
        uint32_t table = 0;

        if (r)
                return r;
        for (size_t i = 0; i < n && !table; i++)
                table = places[group[i]].node.names;
        for (size_t i = 0; i < n; i++) {
                places[group[i]].node.names = table;
                l->table[group[i]] = table;
        }
        return 0;
}

/* Notes an object, which is at n places, where a rule names its content. */
static void content_note(struct load *l, const struct hf_object *object, const size_t *places, size_t n)
{
        for (size_t i = 0; i < n; i++)
                if (compiled_content(l->c, places[i])) {
                        l->contents[l->n_contents++] = (struct content_object){ object, places, n };
                        return;
                }
}

static int places_prepare(struct kernel *k, struct load *l)
{
        struct compiled *c = l->c;
        int r = objects_name(k, c, &l->objects);

        if (r)
                return r;
        l->order = calloc(c->n_places, sizeof(*l->order));
        l->table = calloc(c->n_places, sizeof(*l->table));
        l->contents = calloc(c->n_contents + 1, sizeof(*l->contents));
        if (!l->order || !l->table || !l->contents)
                return -ENOMEM;
        for (size_t i = 0; i < c->n_places; i++) {
                l->table[i] = c->places[i].node.names;
                if (c->places[i].fd < 0)
                        continue;
                if (!l->objects.known[c->places[i].fd])
                        return -EIO;
                l->order[l->n++] = i;
        }
        qsort_r(l->order, l->n, sizeof(*l->order), object_compare, l);
        for (size_t i = 0, j; i < l->n; i = j) {
                const struct hf_object *object = &l->objects.list[c->places[l->order[i]].fd];

                for (j = i + 1; j < l->n && !memcmp(object, &l->objects.list[c->places[l->order[j]].fd], sizeof(*object)); j++)
                        ;
                if (j - i > 1 && (r = places_meet(l, l->order + i, j - i)) < 0)
                        return r;
                content_note(l, object, l->order + i, j - i);
        }
        return 0;
}

/* Whether something that is allowed there may be told of. */
static bool is_told(const struct compiled *c, const struct hf_node *node)
{
        const uint64_t read = c->audit[HF_AUDIT_READ];

        return (node->allow[0] & read) | (node->allow[1] & c->audit[HF_AUDIT_WRITE]) | (node->allow[2] & (c->audit[HF_AUDIT_EXEC] | read)) |
               (node->allow[3] & read);
}

/* What of the places goes into the book: all, and each object once. */
static struct book_place *entries_make(const struct load *l)
{
        struct compiled *c = l->c;
        struct book_place *entries = calloc(c->n_places, sizeof(*entries));
        const struct hf_object *last = NULL;

        if (!entries)
                return NULL;
        for (size_t i = 0; i < c->n_places; i++) {
                struct place *place = &c->places[i];

                if (is_told(c, &place->node))
                        place->node.flags |= HF_NODE_TOLD;
                entries[i].node = &place->node;
                if (place->parent < 0)
                        continue;
                entries[i].name = place->name;
                entries[i].table = l->table[place->parent];
        }
        for (size_t i = 0; i < l->n; i++) {
                const struct hf_object *object = &l->objects.list[c->places[l->order[i]].fd];

                if (!last || memcmp(object, last, sizeof(*object)) != 0)
                        entries[l->order[i]].object = object;
                last = object;
        }
        return entries;
}

/* Puts the book in a map of its own, under the policy's id. */
static int book_load(struct kernel *k, uint32_t policy, const struct book *book)
{
        LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = HF_BOOK_FLAGS);
        _cleanup_close_ int map =
                bpf_map_create(BPF_MAP_TYPE_ARRAY, "holdfast_book", sizeof(__u32), sizeof(union hf_record), book->count, &options);
        size_t size = book->count * sizeof(*book->records);
        void *to;

        if (map < 0)
                return -errno;
        to = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, map, 0);
        if (to == MAP_FAILED)
                return -errno;
        memcpy(to, book->records, size);
        munmap(to, size);
        if (bpf_map_freeze(map) < 0 || bpf_map_update_elem(k->map[MAP_BOOKS], &policy, &map, BPF_ANY) < 0)
                return -errno;
        return 0;
}

static int places_load(struct kernel *k, uint32_t policy, struct compiled *c, struct findings *unverified)
{
        _cleanup_(load_free) struct load l = { .c = c };
        _cleanup_(book_free) struct book book = BOOK_INIT;
        _cleanup_free_ struct book_place *entries = NULL;
        int r = places_prepare(k, &l);

        if (r)
                return r;
        entries = entries_make(&l);
        if (!entries)
                return -ENOMEM;
        r = book_build(entries, c->n_places, k->host->hash_key, &book, &k->policies[policy]);
        if (!r)
                r = loaded_hint(&k->loaded[policy], k->hints, policy, entries, c->n_places, book_first(&k->policies[policy]));
        if (!r)
                r = book_load(k, policy, &book);
        if (!r && c->n_contents)
                r = contents_load(k, policy, c, l.contents, l.n_contents, l.objects.count, unverified);
        return r ? r : loaded_hold(&k->loaded[policy], &k->held, c, l.objects.list, l.objects.hold);
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

static int throttles_load(struct kernel *k, uint32_t policy, const struct policy *p)
{
        for (int i = 0; i < p->n_capabilities; i++) {
                const struct throttle *t = &p->capabilities[i].throttle;
                const struct hf_throttle_key key = { .capability = 1ULL << i, .policy = policy };
                const struct hf_throttle value = { .bytes = t->bytes, .connections = t->connections, .budget = t->budget };

                if (throttle_is_set(t) && bpf_map_update_elem(k->map[MAP_THROTTLES], &key, &value, BPF_ANY))
                        return -errno;
        }
        return 0;
}

int kernel_throttle(const struct kernel *k, uint32_t policy, int capability, struct hf_throttle *ret)
{
        const struct hf_throttle_key key = { .capability = 1ULL << capability, .policy = policy };

        return bpf_map_lookup_elem(k->map[MAP_THROTTLES], &key, ret) ? -errno : 0;
}

int kernel_throttle_use(struct kernel *k, uint32_t policy, int capability, uint64_t used)
{
        const struct hf_throttle_key key = { .capability = 1ULL << capability, .policy = policy };
        struct hf_throttle value;
        int r = kernel_throttle(k, policy, capability, &value);

        if (r < 0)
                return r;
        value.used = used;
        if (bpf_map_update_elem(k->map[MAP_THROTTLES], &key, &value, BPF_EXIST))
                return -errno;
        if (value.budget && used >= value.budget)
                __atomic_or_fetch(&k->policies[policy].spent, key.capability, __ATOMIC_SEQ_CST);
        else
                __atomic_and_fetch(&k->policies[policy].spent, ~key.capability, __ATOMIC_SEQ_CST);
        return 0;
}

/* Deletes from a map all whose key has a policy that is to be reaped. */
#define REAP(k, map_number, type) reap(k, (k)->map[map_number], sizeof(type), offsetof(type, policy))

static void reap(const struct kernel *k, int map, size_t size, size_t policy_at)
{
        _Alignas(uint64_t) uint8_t key[sizeof(struct hf_named_key)], next[sizeof(struct hf_named_key)];
        bool have = false;

        while (!bpf_map_get_next_key(map, have ? key : NULL, next)) {
                uint32_t policy;

                memcpy(&policy, next + policy_at, sizeof(policy));
                if (policy < HF_POLICIES && k->unloaded[policy]) {
                        bpf_map_delete_elem(map, next);
                        continue; /* from the same key again */
                }
                memcpy(key, next, size);
                have = true;
        }
}

void kernel_policy_reap(struct kernel *k)
{
        if (!k->n_unloaded)
                return;
        /* Every hook runs within one RCU read section; after a grace period none can still see the policies. */
        syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
        REAP(k, MAP_EGRESS, struct hf_egress_key);
        REAP(k, MAP_OPENED, struct hf_egress_key);
        REAP(k, MAP_NAMED, struct hf_named_key);
        REAP(k, MAP_CONTENTS, struct hf_known_key);
        REAP(k, MAP_THROTTLES, struct hf_throttle_key);
        for (uint32_t policy = 0; policy < HF_POLICIES; policy++)
                if (k->unloaded[policy]) {
                        bpf_map_delete_elem(k->map[MAP_BOOKS], &policy);
                        loaded_unhint(&k->loaded[policy], k->hints);
                        loaded_release(&k->loaded[policy], &k->held);
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
                k->unloaded_held += k->loaded[policy].n_fds;
        }
        if (k->n_unloaded >= UNLOADED_MAX || k->unloaded_held >= UNLOADED_HELD_MAX)
                kernel_policy_reap(k);
}

static const char *load_failed(int code)
{
        if (code == -ENOSPC)
                return "a map that all sessions share is full: end other sessions first";
        if (code == -EXDEV)
                return "a folder below which a path with \"*\" goes on is mounted at another place too, where other rules lead";
        return code == -E2BIG ? "it has more places than one map can hold" : strerror(-code);
}

int kernel_policy_load(struct kernel *k, uint32_t policy, struct compiled *c, struct findings *unverified, struct error *e)
{
        struct hf_policy record = k->policies[policy];
        int r;

        if (k->unloaded[policy]) {
                kernel_policy_reap(k);
                k->policies[policy] = record;
        }
        r = places_load(k, policy, c, unverified);
        if (!r)
                r = egress_load(k, policy, c);
        if (!r)
                r = throttles_load(k, policy, c->policy);
        if (r) {
                kernel_policy_unload(k, policy);
                kernel_policy_reap(k);
                return error_set(e, r, "cannot load the policy into the kernel: %s", load_failed(r));
        }
        memcpy(k->policies[policy].guard, c->guard, sizeof(c->guard));
        memcpy(k->policies[policy].audit, c->audit, sizeof(c->audit));
        k->policies[policy].throttled = c->throttled;
        compiled_close(c);
        return 0;
}

const int *kernel_policy_held(const struct kernel *k, uint32_t policy, size_t *n)
{
        *n = k->loaded[policy].n_fds;
        return k->loaded[policy].fds;
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
