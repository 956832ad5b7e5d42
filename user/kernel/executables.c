/* SPDX-License-Identifier: Apache-2.0 */
/* The programs that rules of the host have run in a session, into the map of their own. */
#include "kernel/internal.h"

#include "base/cleanup.h"
#include "holdfast/book.h"
#include "kernel/book.h"

#include <bpf/bpf.h>
#include <linux/bpf.h>
#include <string.h>

/* The object behind a descriptor. */
struct behind {
        struct hf_object object;
        bool known, hold;
};

/* What the map is to have, and what is behind the descriptors that are asked about. */
struct wanted {
        struct hf_executable_key key[HF_EXECUTABLES_MAX];
        struct hf_executable value[HF_EXECUTABLES_MAX];
        size_t count;
        struct behind *behind; /* by descriptor */
        int room;
        bool hold; /* one of those that the map has */
};

static void wanted_free(struct wanted **w)
{
        if (*w)
                free((*w)->behind);
        free(*w);
}

static int named_chunk(void *context, const void *data, size_t size)
{
        const struct hf_named *named = data;
        struct wanted *w = context;

        for (size_t i = 0; i < size / sizeof(*named); i++)
                if ((int)named[i].fd < w->room)
                        w->behind[named[i].fd] = (struct behind){ named[i].object, true, named[i].hold != 0 };
        return (int)(size - size % sizeof(*named));
}

/* The names of a cgroup's path, from the top. */
static __u64 cgroup_names(const struct kernel *k, const char *path)
{
        __u64 names = 0;

        while (path && *(path += strspn(path, "/"))) {
                const size_t n = strcspn(path, "/");
                _cleanup_free_ char *name = strndup(path, n);

                names = hf_names_join(names, name ? kernel_name_hash(k, name) : 0);
                path += n;
        }
        return names;
}

static int add(struct wanted *w, int fd, __u64 names, const struct hf_executable_rule *rule)
{
        struct hf_executable_key key = { .names = names };
        struct hf_executable *value;
        size_t i = 0;

        if (!w->behind[fd].known)
                return -EIO;
        w->hold |= w->behind[fd].hold;
        key.object = w->behind[fd].object;
        while (i < w->count && memcmp(&w->key[i], &key, sizeof(key)) != 0)
                i++;
        if (i == HF_EXECUTABLES_MAX)
                return -ENOSPC;
        if (i == w->count)
                w->key[w->count++] = key;
        value = &w->value[i];
        if (value->count == HF_EXECUTABLE_RULES)
                return -ENOSPC;
        value->rule[value->count++] = *rule;
        return 0;
}

static __u64 name_bit(const char *name)
{
        const size_t n = strlen(name);
        __u64 start = 0;

        memcpy(&start, name, n < sizeof(start) ? n : sizeof(start));
        return hf_name_bit(start, (__u32)n);
}

static int collect(struct kernel *k, struct wanted *w, const struct kernel_executable *list, size_t n, __u64 *filter)
{
        int r = 0;

        for (size_t i = 0; i < n && r == 0; i++) {
                const struct kernel_executable *x = &list[i];
                const struct hf_executable_rule rule = { .cgroup = cgroup_names(k, x->cgroup), .user = x->user };
                __u64 names = 0;

                if (x->fd >= 0)
                        r = add(w, x->fd, 0, &rule);
                *filter |= name_bit(x->name[0]);
                for (int j = 0; j < x->levels && r == 0; j++) {
                        names = hf_names_join(names, kernel_name_hash(k, x->name[j]));
                        if (x->above[j] >= 0)
                                r = add(w, x->above[j], names, &rule);
                }
        }
        return r;
}

/* What is in the map and is not wanted, goes. */
static void sweep(int map, const struct wanted *w)
{
        struct hf_executable_key key, next, stale[64];
        size_t n;

        do {
                bool more = bpf_map_get_next_key(map, NULL, &next) == 0;

                for (n = 0; more && n < ARRAY_SIZE(stale);) {
                        size_t i = 0;

                        key = next;
                        while (i < w->count && memcmp(&w->key[i], &key, sizeof(key)) != 0)
                                i++;
                        if (i == w->count)
                                stale[n++] = key;
                        more = bpf_map_get_next_key(map, &key, &next) == 0;
                }
                for (size_t i = 0; i < n; i++)
                        bpf_map_delete_elem(map, &stale[i]);
        } while (n == ARRAY_SIZE(stale));
}

static int put(struct kernel *k, const struct wanted *w, __u64 filter)
{
        const int map = k->map[MAP_EXECUTABLES];

        __atomic_or_fetch(&k->host->executables, filter, __ATOMIC_SEQ_CST);
        for (size_t i = 0; i < w->count; i++)
                if (bpf_map_update_elem(map, &w->key[i], &w->value[i], BPF_ANY))
                        return -errno;
        sweep(map, w);
        __atomic_store_n(&k->host->executables, filter, __ATOMIC_SEQ_CST);
        return 0;
}

int kernel_executables(struct kernel *k, const struct kernel_executable *list, size_t n, bool *hold, struct error *e)
{
        const union bpf_iter_link_info own = { .task.tid = (uint32_t)getpid() };
        __attribute__((cleanup(wanted_free))) struct wanted *w = calloc(1, sizeof(*w));
        __u64 filter = 0;
        int r = w ? 0 : -ENOMEM;

        for (size_t i = 0; w && i < n; i++) {
                if (list[i].fd >= w->room)
                        w->room = list[i].fd + 1;
                for (int j = 0; j < list[i].levels; j++)
                        if (list[i].above[j] >= w->room)
                                w->room = list[i].above[j] + 1;
        }
        if (r == 0) {
                w->behind = calloc((size_t)w->room + 1, sizeof(*w->behind));
                r = w->behind ? 0 : -ENOMEM;
        }
        if (r == 0 && n)
                r = iter_run(k->iter[ITER_OBJECTS], &own, named_chunk, w);
        if (r == 0)
                r = collect(k, w, list, n, &filter);
        if (r == 0)
                r = put(k, w, filter);
        if (r < 0)
                return kernel_error(e, r, "cannot tell the kernel which programs run in a session only");
        *hold = w->hold;
        return 0;
}
