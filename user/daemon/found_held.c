/* SPDX-License-Identifier: Apache-2.0 */
/* What attached processes have: descriptors, mappings, shared memory. The kernel tells what its policy refuses, /proc what it is called. */
#include "base/cleanup.h"
#include "daemon/daemon.h"
#include "daemon/event_json.h"
#include "daemon/file.h"
#include "daemon/found_look.h"
#include "daemon/process.h"
#include "daemon/procfs.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#define MAPS_TEXT_MAX (64u << 20)

/* ---- descriptors ------------------------------------------------------------------------------------------------------ */

static char *descriptor_link(const struct hf_held *h)
{
        char path[64], *link = NULL;

        snprintf(path, sizeof(path), "/proc/%u/fd/%u", h->tid, h->fd);
        return file_readlink(AT_FDCWD, path, &link) < 0 ? strdup("?") : link;
}

/* The process that a handle stands for; 0: none that is known, or it has ended. */
static pid_t handle_of(const struct hf_held *h)
{
        _cleanup_free_ char *text = NULL;
        long long pid = 0;
        char path[64];

        snprintf(path, sizeof(path), "/proc/%u/fdinfo/%u", h->tid, h->fd);
        if (file_read(AT_FDCWD, path, 1 << 16, &text, NULL) < 0 || fdinfo_number(text, "Pid", &pid) < 0)
                return 0;
        return pid > 0 ? (pid_t)pid : 0;
}

/* The daemon's own descriptor of it. Threads that have descriptors apart are not to be reached so on every kernel. */
static int descriptor_copy(const struct hf_held *h)
{
        _cleanup_close_ int process = process_open((pid_t)h->tid);
        int fd = process < 0 ? -1 : (int)syscall(SYS_pidfd_getfd, process, h->fd, 0);

        return fd < 0 ? -errno : fd;
}

/* Takes the watches from an inotify descriptor. Another process may have the same descriptor, and the watch be gone by that. */
static int remove_watches(struct look *l, const struct hf_held *h)
{
        _cleanup_close_ int fd = descriptor_copy(h);

        for (unsigned i = 0; fd >= 0 && i < h->name_len; i++) {
                if (inotify_rm_watch(fd, (int)h->watch[i]) == 0)
                        l->again = true;
                else if (errno != EINVAL)
                        return -errno;
        }
        return fd < 0 ? fd : 0;
}

/* Takes all marks from a fanotify group: what it watched may be what the policy does not let be read. */
static int flush_marks(const struct hf_held *h)
{
        static const unsigned scopes[] = { 0, FAN_MARK_MOUNT, FAN_MARK_FILESYSTEM };
        _cleanup_close_ int fd = descriptor_copy(h);

        if (fd < 0)
                return fd;
        /* What was made without privileges has no marks on a mount or a file system, and is refused. */
        for (size_t i = 0; i < ARRAY_SIZE(scopes); i++)
                if (fanotify_mark(fd, FAN_MARK_FLUSH | scopes[i], 0, AT_FDCWD, NULL) < 0 && !(scopes[i] && errno == EPERM))
                        return -errno;
        return 0;
}

/* Its signals go to nobody from now on: whoever makes them come may be of the session. */
static int disown(const struct hf_held *h)
{
        _cleanup_close_ int fd = descriptor_copy(h);

        if (fd < 0)
                return fd;
        return fcntl(fd, F_SETOWN, 0) < 0 ? -errno : 0;
}

/* What has to be taken away, once it is sure that there will be a session. */
static void note_taker(struct look *l)
{
        pid_t *more;

        if (l->n_takers && l->takers[l->n_takers - 1] == l->pid)
                return;
        more = reallocarray(l->takers, l->n_takers + 1, sizeof(*more));
        if (!more) {
                l->failed = true;
                return;
        }
        l->takers = more;
        l->takers[l->n_takers++] = l->pid;
}

static bool is_fanotify(const char *link)
{
        return !strcmp(link, "anon_inode:[fanotify]");
}

static void look_at_object(struct look *l, const struct hf_held *h, const char *link)
{
        const char *name = strchr(link, ':');
        pid_t of;

        name = name ? name + 1 : link;
        if (strstr(link, "pidfd")) {
                of = handle_of(h);
                if (of && !found_is_member(l, (uint32_t)of))
                        found_add(l, "process", l->pid, FOUND_REVOKED, "handle of process %d", of);
        } else if (is_fanotify(link)) {
                found_add(l, "watch", l->pid, FOUND_REVOKED, "all marks of a fanotify group");
                note_taker(l);
        } else if ((!strcmp(name, "[perf_event]") && found_excepted(l, HF_GUARD_PERF)) ||
                   (!strcmp(name, "[userfaultfd]") && found_excepted(l, HF_GUARD_USERFAULTFD)) || object_harmless(link)) {
                return;
        } else {
                found_add(l, "object", l->pid, FOUND_FAST, "%s as descriptor %u", name, h->fd);
        }
}

static const char *family_name(unsigned family)
{
        static const struct {
                unsigned family;
                const char *name;
        } names[] = { { AF_INET, "ipv4" },
                      { AF_INET6, "ipv6" },
                      { AF_NETLINK, "netlink" },
                      { AF_PACKET, "packet" },
                      { AF_VSOCK, "vsock" },
                      { AF_ALG, "alg" },
                      { AF_KEY, "key" },
                      { AF_CAN, "can" },
                      { AF_XDP, "xdp" },
                      { AF_TIPC, "tipc" },
                      { AF_BLUETOOTH, "bluetooth" },
                      { AF_UNIX, "unix" },
                      { AF_RXRPC, "rxrpc" } };

        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                if (names[i].family == family)
                        return names[i].name;
        return "other";
}

static void look_at_socket(struct look *l, const struct hf_held *h)
{
        const char *protocol = h->type == SOCK_STREAM ? "tcp" : "udp";
        char address[48];

        switch (h->kind) {
        case HF_HELD_LISTENER:
                found_add(l, "socket", l->pid, FOUND_REVOKED, "tcp listening on %s port %u", address_text(h->addr, address), h->port);
                break;
        case HF_HELD_CONNECTED:
                found_add(l, "socket", l->pid, FOUND_REVOKED, "%s to %s port %u", protocol, address_text(h->addr, address), h->port);
                break;
        case HF_HELD_UNIX:
                found_add(l, "socket", l->pid, FOUND_REVOKED, "unix to %s%.*s", h->name[0] ? "" : "@",
                          h->name[0] ? h->name_len : h->name_len - 1, h->name[0] ? h->name : h->name + 1);
                break;
        default:
                found_add(l, "socket", l->pid, FOUND_REVOKED, "%s, type %u, protocol %u", family_name(h->family), h->type, h->protocol);
        }
}

static const char *rights_text(unsigned rights)
{
        return rights == (HF_READ | HF_WRITE) ? "rw" : rights & HF_WRITE ? "w" : "r";
}

/* ---- mappings --------------------------------------------------------------------------------------------------------- */

static bool same_memory_before(const struct look *l, pid_t pid)
{
        uint64_t memory = 0;

        for (size_t i = 0; i < l->n_seen && !memory; i++)
                if (l->seen[i].tgid == (uint32_t)pid)
                        memory = l->seen[i].memory;
        for (size_t i = 0; i < l->n_seen; i++)
                if (l->seen[i].member && l->seen[i].memory == memory)
                        return l->seen[i].tgid != (uint32_t)pid;
        return false;
}

static void note_segment(struct look *l, uint64_t id)
{
        struct segment *more;

        for (size_t i = 0; i < l->n_segments; i++)
                if (l->segments[i].id == id) {
                        l->segments[i].count++;
                        return;
                }
        more = reallocarray(l->segments, l->n_segments + 1, sizeof(*more));
        if (!more) {
                l->failed = true;
                return;
        }
        l->segments = more;
        l->segments[l->n_segments++] = (struct segment){ id, 1, l->pid };
}

static bool starts(const struct map_line *m, const char *with)
{
        const int n = (int)strlen(with);

        return m->name_len >= n && !strncmp(m->name, with, (size_t)n);
}

/* What is mapped of the kernel's objects, whose descriptors may be closed. */
static void look_at_lines(struct look *l)
{
        const char *text = l->maps;
        struct map_line m;
        int r;

        while ((r = maps_next(&text, &m)) != -ENOENT) {
                if (r < 0)
                        continue;
                if (starts(&m, "/SYSV"))
                        note_segment(l, m.inode);
                else if (starts(&m, "socket:") || (starts(&m, "anon_inode:") && !starts(&m, "anon_inode:[io_uring]") &&
                                                   !(starts(&m, "anon_inode:[perf_event]") && found_excepted(l, HF_GUARD_PERF))))
                        found_add(l, "object", l->pid, FOUND_FAST, "%.*s, mapped", m.name_len, m.name);
        }
}

static void look_at_mapping(struct look *l, const struct hf_held *h)
{
        struct map_line m = { 0 };
        int r;

        while ((r = maps_next(&l->maps_at, &m)) != -ENOENT)
                if (r == 0 && m.start == h->start)
                        break;
        if (r < 0)
                m = (struct map_line){ .name = "?", .name_len = 1 };
        if ((h->rights & HF_WRITE) || h->kind == HF_HELD_DEVICE)
                found_add(l, h->kind == HF_HELD_DEVICE ? "device" : "mapping", l->pid, FOUND_STOPPED, "%.*s, mapped (%s)", m.name_len,
                          m.name, rights_text(h->rights));
        else
                found_add(l, h->rights & HF_EXEC ? "code" : "mapping", l->pid, FOUND_LEFT, "%.*s", m.name_len, m.name);
}

/* Whether the program that is executed does not get it. */
static bool closes(const struct look *l, const struct hf_held *h)
{
        _cleanup_free_ char *text = NULL;
        const char *flags;
        char path[64];

        if (!found_by_exec(l))
                return false;
        snprintf(path, sizeof(path), "/proc/%u/fdinfo/%u", h->tid, h->fd);
        flags = file_read(AT_FDCWD, path, 1 << 16, &text, NULL) < 0 ? NULL : strstr(text, "flags:");
        return flags && (strtoul(flags + strlen("flags:"), NULL, 8) & O_CLOEXEC);
}

static int look_at_held(void *context, const void *held)
{
        _cleanup_free_ char *link = NULL;
        const struct hf_held *h = held;
        struct look *l = context;

        if (h->start && found_by_exec(l))
                return found_in_time(l);
        if (h->start) {
                look_at_mapping(l, h);
                return found_in_time(l);
        }
        if (closes(l, h))
                return found_in_time(l);
        /* Whoever has very many must not hold the daemon up by their names. */
        if (l->found->count == FOUND_MAX && h->kind != HF_HELD_OBJECT && h->kind != HF_HELD_QUEUE && h->kind != HF_HELD_WATCHES &&
            h->kind != HF_HELD_OWNED) {
                l->found->more++;
                return 0;
        }
        link = descriptor_link(h);
        if (!link)
                return -ENOMEM;
        switch (h->kind) {
        case HF_HELD_FILE:
        case HF_HELD_DEVICE:
                found_add(l, h->kind == HF_HELD_FILE ? "file" : "device", l->pid, FOUND_REVOKED, "%s (%s)", link, rights_text(h->rights));
                break;
        case HF_HELD_PROCESS:
                found_add(l, "process", l->pid, FOUND_REVOKED, "%s", link);
                break;
        case HF_HELD_QUEUE:
                found_add(l, "queue", l->pid, FOUND_FAST, "%s of messages as descriptor %u", link, h->fd);
                break;
        case HF_HELD_OWNED:
                found_add(l, "owner", l->pid, FOUND_REVOKED, "signals from descriptor %u (%s) to a process outside", h->fd, link);
                note_taker(l);
                break;
        case HF_HELD_WATCHES:
                found_add(l, "watch", l->pid, FOUND_REVOKED, "inotify as descriptor %u, of what may not be read", h->fd);
                note_taker(l);
                break;
        case HF_HELD_OBJECT:
                look_at_object(l, h, link);
                break;
        default:
                look_at_socket(l, h);
        }
        return found_in_time(l);
}

static int take_away(void *context, const void *held)
{
        const struct hf_held *h = held;
        struct look *l = context;
        int r = 0;

        if (h->start || closes(l, h))
                return 0;
        if (h->kind == HF_HELD_WATCHES) {
                r = remove_watches(l, h);
        } else if (h->kind == HF_HELD_OWNED) {
                r = disown(h);
        } else if (h->kind == HF_HELD_OBJECT) {
                _cleanup_free_ char *link = descriptor_link(h);

                if (link && is_fanotify(link))
                        r = flush_marks(h);
        }
        if (r < 0)
                found_add(l, h->kind == HF_HELD_OWNED ? "owner" : "watch", l->pid, FOUND_FAST, "of descriptor %u: %s", h->fd, strerror(-r));
        return found_in_time(l);
}

int found_look_at_process(struct look *l, pid_t pid, struct error *e)
{
        char path[64];
        int r;

        l->pid = pid;
        free(l->maps);
        l->maps = NULL;
        snprintf(path, sizeof(path), "/proc/%d/maps", process_thread(pid));
        r = file_read(AT_FDCWD, path, MAPS_TEXT_MAX, &l->maps, NULL);
        if (r == -ENOENT || r == -ESRCH)
                return 0; /* it has ended */
        if (r < 0)
                return error_set(e, r, "cannot read %s: %s", path, strerror(-r));
        if (!found_by_exec(l) && !same_memory_before(l, pid))
                look_at_lines(l);
        l->maps_at = l->maps;
        return kernel_see_held(l->d->kernel, pid, process_thread(pid), l->s->slot, look_at_held, l, e);
}

int found_take_from(struct look *l, pid_t pid, struct error *e)
{
        int r;

        l->pid = pid;
        do {
                l->again = false;
                r = kernel_see_held(l->d->kernel, pid, process_thread(pid), l->s->slot, take_away, l, e);
        } while (r == 0 && l->again);
        return r;
}

/* Shared memory that others than the session have attached too. A segment of another namespace is one that cannot be told. */
int found_look_at_segments(struct look *l, struct error *e)
{
        _cleanup_free_ char *text = NULL, *own = NULL;
        int r = l->n_segments ? file_read(AT_FDCWD, "/proc/sysvipc/shm", 16u << 20, &text, NULL) : 0;

        if (r < 0)
                return error_set(e, r, "cannot read /proc/sysvipc/shm: %s", strerror(-r));
        if (l->n_segments && (r = file_readlink(AT_FDCWD, "/proc/self/ns/ipc", &own)) < 0)
                return error_set(e, r, "cannot tell the daemon's own IPC namespace: %s", strerror(-r));
        for (size_t i = 0; i < l->n_segments; i++) {
                const struct segment *g = &l->segments[i];
                _cleanup_free_ char *namespace = NULL;
                uint64_t attached = 0;
                char path[64];

                if ((r = found_in_time(l)) < 0)
                        return r;
                snprintf(path, sizeof(path), "/proc/%d/ns/ipc", g->pid);
                if (file_readlink(AT_FDCWD, path, &namespace) == 0 && !strcmp(own, namespace) &&
                    shm_attached(text, g->id, &attached) == 0 && attached <= g->count)
                        continue;
                found_add(l, "shm", g->pid, FOUND_FAST, "System V segment %llu, which others have attached too", (unsigned long long)g->id);
        }
        return 0;
}
