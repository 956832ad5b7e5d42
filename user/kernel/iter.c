/* SPDX-License-Identifier: Apache-2.0 */
/* The iterators: over all tasks, over the mappings of one process, over the daemon's own descriptors, and over objects of IPC. */
#include "kernel/internal.h"

#include "base/cleanup.h"

#include <bpf/bpf.h>
#include <limits.h>
#include <linux/bpf.h>
#include <string.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>

int iter_run(int program, const union bpf_iter_link_info *of, int (*chunk)(void *context, const void *data, size_t size), void *context)
{
        union bpf_iter_link_info info = { 0 };
        LIBBPF_OPTS(bpf_link_create_opts, opts);
        _cleanup_close_ int link = -1, fd = -1;
        _Alignas(8) char buffer[16 * 1024];
        size_t kept = 0;

        if (of) {
                info = *of;
                opts.iter_info = &info;
                opts.iter_info_len = sizeof(info);
        }
        link = bpf_link_create(program, 0, BPF_TRACE_ITER, &opts);
        if (link < 0)
                return -errno;
        fd = bpf_iter_create(link);
        if (fd < 0)
                return -errno;
        for (;;) {
                ssize_t n = read(fd, buffer + kept, sizeof(buffer) - kept);
                int used;

                if (n < 0 && (errno == EAGAIN || errno == EINTR))
                        continue;
                if (n < 0)
                        return -errno;
                if (n == 0)
                        return kept ? -EIO : 0;
                kept += (size_t)n;
                used = chunk ? chunk(context, buffer, kept) : (int)kept;
                if (used < 0)
                        return used;
                memmove(buffer, buffer + used, kept - (size_t)used);
                kept -= (size_t)used;
        }
}

int kernel_stamp(struct kernel *k, uint64_t cgroup, pid_t root, uint32_t owner, uint32_t slot, uint32_t *count, struct error *e)
{
        int r;

        *k->request = (struct hf_request){ .cgroup = cgroup, .root = (uint32_t)root, .owner = owner, .slot = slot };
        r = iter_run(k->iter[ITER_STAMP], NULL, NULL, NULL);
        if (!r && k->request->failed)
                r = -ENOMEM;
        if (r)
                return kernel_error(e, r, "cannot take the tasks of the cgroup into the session");
        if (k->request->foreign)
                return error_set(e, -EPERM, "process %u does not run as you: only root may confine another user's process",
                                 k->request->foreign);
        *count = k->request->count;
        return 0;
}

int kernel_count_written(struct kernel *k, struct error *e)
{
        int r = iter_run(k->iter[ITER_WRITTEN], NULL, NULL, NULL);

        return r ? kernel_error(e, r, "cannot count what the sessions write") : 0;
}

struct members {
        void (*each)(void *context, pid_t pid);
        void *context;
        pid_t last;
};

static int members_chunk(void *context, const void *data, size_t size)
{
        struct members *m = context;
        const uint32_t *pids = data;

        for (size_t i = 0; i < size / sizeof(*pids); i++) {
                if ((pid_t)pids[i] != m->last)
                        m->each(m->context, (pid_t)pids[i]);
                m->last = (pid_t)pids[i];
        }
        return (int)(size - size % sizeof(*pids));
}

int kernel_members(struct kernel *k, uint32_t slot, void (*each)(void *context, pid_t pid), void *context, struct error *e)
{
        struct members m = { each, context, 0 };
        int r;

        *k->request = (struct hf_request){ .slot = slot };
        r = iter_run(k->iter[ITER_MEMBERS], NULL, members_chunk, &m);
        return r ? kernel_error(e, r, "cannot list the tasks of the session") : 0;
}

struct ipcs {
        struct hf_ipc list[HF_IPCS];
        size_t count;
};

static int ipcs_chunk(void *context, const void *data, size_t size)
{
        struct ipcs *found = context;
        const struct hf_ipc *ipcs = data;
        size_t n = size / sizeof(*ipcs);

        if (n > HF_IPCS - found->count)
                n = HF_IPCS - found->count;
        memcpy(found->list + found->count, ipcs, n * sizeof(*ipcs));
        found->count += n;
        return (int)(size - size % sizeof(*ipcs));
}

int kernel_ipcs_remove(struct kernel *k, uint32_t slot, struct error *e)
{
        const union bpf_iter_link_info objects = { .map.map_fd = (uint32_t)k->map[MAP_IPCS] };
        struct ipcs found = { .count = 0 };
        int removed = 0, r;

        if (!k->sessions[slot].ipcs)
                return 0;
        *k->request = (struct hf_request){ .slot = slot };
        /* First all of them: removing one moves the others under the iterator. */
        r = iter_run(k->iter[ITER_IPCS], &objects, ipcs_chunk, &found);
        if (r)
                return kernel_error(e, r, "cannot list the session's objects of System V IPC");
        for (size_t i = 0; i < found.count; i++) {
                int id = found.list[i].id;

                switch (found.list[i].kind) {
                case HF_IPC_SHM:
                        r = shmctl(id, IPC_RMID, NULL);
                        break;
                case HF_IPC_SEM:
                        r = semctl(id, 0, IPC_RMID);
                        break;
                default:
                        r = msgctl(id, IPC_RMID, NULL);
                }
                removed += r == 0;
        }
        return removed;
}

int kernel_mappings(struct kernel *k, pid_t process, pid_t thread, uint32_t slot, uint8_t rights, uint32_t action, bool *found,
                    struct error *e)
{
        /* Linux 6.1 does not find the other threads of a process whose first one ended. They have one memory, but may have files apart. */
        const union bpf_iter_link_info one = { .task.tid = (uint32_t)thread }, all = { .task.pid = (uint32_t)process };
        int r;

        *k->request = (struct hf_request){ .slot = slot, .rights = rights, .action = action };
        r = iter_run(k->iter[ITER_MAPPINGS], &one, NULL, NULL);
        if (!r)
                r = iter_run(k->iter[ITER_BUFFERS], &one, NULL, NULL);
        if (!r)
                r = iter_run(k->iter[ITER_BUFFERS], &all, NULL, NULL);
        if (r)
                return kernel_error(e, r, "cannot look at the mappings of a process");
        *found = k->request->count;
        return 0;
}

int kernel_release(struct kernel *k, uint32_t slot, uint32_t *count, struct error *e)
{
        int r;

        *k->request = (struct hf_request){ .slot = slot };
        r = iter_run(k->iter[ITER_RELEASE], NULL, NULL, NULL);
        if (r)
                return kernel_error(e, r, "cannot let the tasks of the session go");
        *count = k->request->count;
        return 0;
}

/* Records of one size, each for a callback, which may end it all. */
struct records {
        int (*each)(void *context, const void *record);
        void *context;
        size_t size;
};

static int records_chunk(void *context, const void *data, size_t size)
{
        const struct records *r = context;
        const char *at = data;

        for (size_t i = 0; i < size / r->size; i++) {
                int result = r->each(r->context, at + i * r->size);

                if (result < 0)
                        return result;
        }
        return (int)(size - size % r->size);
}

int kernel_see_tasks(struct kernel *k, uint32_t slot, int (*each)(void *context, const void *seen), void *context, struct error *e)
{
        struct records s = { each, context, sizeof(struct hf_seen) };
        int r;

        *k->request = (struct hf_request){ .slot = slot };
        r = iter_run(k->iter[ITER_SEE_TASKS], NULL, records_chunk, &s);
        return r ? kernel_error(e, r, "cannot look at the tasks of the host") : 0;
}

static int see_files(struct kernel *k, int program, pid_t process, pid_t thread, uint32_t slot, struct records *h)
{
        const union bpf_iter_link_info one = { .task.tid = (uint32_t)thread }, all = { .task.pid = (uint32_t)process };
        int r = 0;

        *k->request = (struct hf_request){ .slot = slot };
        /* As for kernel_mappings(): where the first thread has ended, the others are to be found one by one. */
        if (thread != process)
                r = iter_run(program, &one, h ? records_chunk : NULL, h);
        return r ? r : iter_run(program, &all, h ? records_chunk : NULL, h);
}

int kernel_adopt(struct kernel *k, pid_t process, pid_t thread, uint32_t slot, struct error *e)
{
        int r = see_files(k, k->iter[ITER_SEE_FILES], process, thread, slot, NULL);

        return r ? kernel_error(e, r, "cannot look at the sockets of a process") : 0;
}

int kernel_see_held(struct kernel *k, pid_t process, pid_t thread, uint32_t slot, int (*each)(void *context, const void *held),
                    void *context, struct error *e)
{
        const union bpf_iter_link_info one = { .task.tid = (uint32_t)thread };
        struct records h = { each, context, sizeof(struct hf_held) };
        int r = see_files(k, k->iter[ITER_SEE_FILES], process, thread, slot, &h);

        if (!r)
                r = see_files(k, k->iter[ITER_SEE_WATCHES], process, thread, slot, &h);
        if (!r)
                r = iter_run(k->iter[ITER_SEE_MAPPINGS], &one, records_chunk, &h);
        return r ? kernel_error(e, r, "cannot look at what a process has open and mapped") : 0;
}

int kernel_listener(struct kernel *k, int fd, struct error *e)
{
        struct hf_peer mark = { 0 };

        if (bpf_map_update_elem(k->map[MAP_PEERS], &fd, &mark, BPF_ANY))
                return kernel_error(e, -errno, "cannot mark the listening socket");
        return 0;
}

int kernel_peer(struct kernel *k, int fd, struct hf_peer *ret)
{
        return bpf_map_lookup_elem(k->map[MAP_PEERS], &fd, ret) ? -errno : 0;
}

int kernel_events_fd(const struct kernel *k)
{
        return ring_buffer__epoll_fd(k->ring);
}

int kernel_events_read(struct kernel *k, int max, void (*each)(void *context, const struct hf_event *event, size_t size), void *context)
{
        int r;

        k->each = each;
        k->each_context = context;
        k->left = max ? max : INT_MAX;
        r = ring_buffer__consume(k->ring);
        return r == -ENOBUFS ? max : r;
}
