/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loading and taking over. Everything is pinned in a folder beside the real one, which is then renamed: the pins are all there
 * or not at all, and the programs hold on when the daemon goes.
 */
#include "kernel/internal.h"

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "base/paths.h"
#include "holdfast.skel.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#define PINS_NEW PATH_PINS "_new" /* bpffs takes no dots */

static const char *const map_names[MAPS] = { "sessions", "host",   "policies",        "books",      "hints",   "egress", "opened",
                                             "named",    "owners", "cgroup_sessions", "contents",   "cgroups", "peers",  "request",
                                             "events",   "ipcs",   "throttles",       "executables" };
static const char *const iter_names[ITERS] = { "stamp_tasks",  "session_members", "name_objects",  "decide_object", "find_mappings",
                                               "find_buffers", "see_contents",    "session_ipcs",  "see_tasks",     "see_files",
                                               "see_watches",  "see_mappings",    "release_tasks", "count_written" };
static const struct {
        const char *name;
        enum bpf_attach_type type;
} cgroup_programs[CGROUP_PROGRAMS] = {
        { "packet_leaves", BPF_CGROUP_INET_EGRESS },
        { "go_connect4", BPF_CGROUP_INET4_CONNECT },
        { "go_connect6", BPF_CGROUP_INET6_CONNECT },
        { "go_sendmsg4", BPF_CGROUP_UDP4_SENDMSG },
        { "go_sendmsg6", BPF_CGROUP_UDP6_SENDMSG },
        { "seem_recvmsg4", BPF_CGROUP_UDP4_RECVMSG },
        { "seem_recvmsg6", BPF_CGROUP_UDP6_RECVMSG },
        { "seem_getpeername4", BPF_CGROUP_INET4_GETPEERNAME },
        { "seem_getpeername6", BPF_CGROUP_INET6_GETPEERNAME },
        { "connection_changes", BPF_CGROUP_SOCK_OPS },
        { "socket_closes", BPF_CGROUP_INET_SOCK_RELEASE },
};

int kernel_error(struct error *e, int code, const char *what)
{
        return error_set(e, code, "%s: %s", what, strerror(-code));
}

static int libbpf_log(enum libbpf_print_level level, const char *format, va_list ap)
{
        _cleanup_free_ char *text = level == LIBBPF_DEBUG ? NULL : text_format(format, ap);

        if (!text)
                return 0;
        for (char *save = NULL, *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
                log_debug("%s", line);
        return 0;
}

/* Removes a folder of pins and all in it. */
static int pins_remove(const char *path)
{
        _cleanup_closedir_ DIR *dir = opendir(path);
        struct dirent *entry;

        if (!dir)
                return errno == ENOENT ? 0 : -errno;
        while ((entry = readdir(dir))) {
                char child[PATH_MAX];

                if (entry->d_name[0] == '.' || snprintf(child, sizeof(child), "%s/%s", path, entry->d_name) >= (int)sizeof(child))
                        continue;
                if (unlink(child) && errno == EISDIR)
                        pins_remove(child);
        }
        return rmdir(path) ? -errno : 0;
}

static int pinned(const char *folder, const char *kind, const char *name)
{
        char path[PATH_MAX];
        int fd;

        snprintf(path, sizeof(path), "%s/%s/%s", folder, kind, name);
        fd = bpf_obj_get(path);
        return fd < 0 ? -errno : fd;
}

/* Opens every map that is there; returns what was wrong with the first that could not be opened. */
static int open_maps(struct kernel *k)
{
        int r = 0;

        for (int i = 0; i < MAPS; i++) {
                k->map[i] = pinned(PATH_PINS, "maps", map_names[i]);
                if (k->map[i] < 0 && !r)
                        r = k->map[i];
        }
        return r;
}

static int open_programs(struct kernel *k)
{
        for (int i = 0; i < ITERS; i++) {
                k->iter[i] = pinned(PATH_PINS, "programs", iter_names[i]);
                if (k->iter[i] < 0)
                        return k->iter[i];
        }
        for (int i = 0; i < CGROUP_PROGRAMS; i++) {
                k->cgroup_program[i] = pinned(PATH_PINS, "programs", cgroup_programs[i].name);
                if (k->cgroup_program[i] < 0)
                        return k->cgroup_program[i];
        }
        return 0;
}

static int map_array(int fd, size_t size, void *ret)
{
        void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

        if (p == MAP_FAILED)
                return -errno;
        *(void **)ret = p;
        return 0;
}

static int on_event(void *context, void *data, size_t size)
{
        const struct hf_event *event = data;
        struct kernel *k = context;
        struct hf_session *session;

        if (size >= sizeof(*event)) {
                k->each(k->each_context, event, size);
                session = &k->sessions[event->slot < HF_SLOTS ? event->slot : 0];
                if (session->generation == event->generation)
                        __atomic_add_fetch(event->flags & HF_EVENT_APART ? &session->connections_taken : &session->taken, 1,
                                           __ATOMIC_RELAXED);
        }
        /* The event is consumed; a negative answer only ends the round. */
        return --k->left > 0 ? 0 : -ENOBUFS;
}

/* Maps arrays of values with the size the kernel gives them (8-byte aligned elements). First what tells whether sessions are in force. */
static int map_sessions(struct kernel *k)
{
        int r = map_array(k->map[MAP_SESSIONS], HF_SLOTS * sizeof(*k->sessions), &k->sessions);

        return r ? r : map_array(k->map[MAP_HOST], sizeof(*k->host), &k->host);
}

static int map_all(struct kernel *k, struct error *e)
{
        int r = k->host ? 0 : map_sessions(k);

        if (!r)
                r = map_array(k->map[MAP_POLICIES], HF_POLICIES * sizeof(*k->policies), &k->policies);
        if (!r)
                r = map_array(k->map[MAP_REQUEST], sizeof(*k->request), &k->request);
        if (!r)
                r = map_array(k->map[MAP_HINTS], sizeof(struct holdfast_bpf__bss), &k->bss);
        if (r)
                return kernel_error(e, r, "cannot map the kernel's records");
        k->hints = &k->bss->hints;
        k->ring = ring_buffer__new(k->map[MAP_EVENTS], on_event, k, NULL);
        return k->ring ? 0 : kernel_error(e, -errno, "cannot map the ring buffer");
}

/* Opening a file system's type loads its module: the programs know overlayfs's inodes by the types of that. */
static void know_overlayfs(void)
{
        int fd = (int)syscall(SYS_fsopen, "overlay", FSOPEN_CLOEXEC);

        if (fd >= 0)
                close(fd);
}

/* Leaves out the hooks that this kernel does not have, and the forms of the others that it does not know. */
static int fit_to_kernel(struct holdfast_bpf *skeleton, struct error *e)
{
        struct btf *btf = btf__load_vmlinux_btf();
        const struct btf_type *proto;
        struct bpf_program *program;
        int id;

        if (!btf)
                return error_set(e, -EOPNOTSUPP,
                                 "the kernel has no type information (/sys/kernel/btf/vmlinux): use one built with CONFIG_DEBUG_INFO_BTF");
        bpf_object__for_each_program(program, skeleton->obj)
        {
                const char *section = bpf_program__section_name(program);
                char name[128];

                if (section[0] != '?' && !strchr(section, '?') && bpf_program__autoload(program))
                        continue;
                snprintf(name, sizeof(name), "%s%s", strncmp(section, "lsm/", 4) == 0 ? "bpf_lsm_" : "", strchr(section, '/') + 1);
                bpf_program__set_autoload(program, btf__find_by_name_kind(btf, name, BTF_KIND_FUNC) > 0);
        }
        id = btf__find_by_name_kind(btf, "bpf_lsm_inode_setattr", BTF_KIND_FUNC);
        proto = id > 0 ? btf__type_by_id(btf, btf__type_by_id(btf, (__u32)id)->type) : NULL;
        if (proto)
                bpf_program__set_autoload(btf_vlen(proto) == 3 ? skeleton->progs.inode_setattr_6_1 : skeleton->progs.inode_setattr, false);
        btf__free(btf);
        return proto ? 0 : error_set(e, -EOPNOTSUPP, "the kernel lacks BPF LSM hooks: use one built with CONFIG_BPF_LSM");
}

/* What a map is pinned as. NULL: the programs alone hold it. */
static const char *pin_name(const struct holdfast_bpf *skeleton, const struct bpf_map *map)
{
        if (map == skeleton->maps.data_host)
                return map_names[MAP_HOST];
        if (map == skeleton->maps.bss)
                return map_names[MAP_HINTS];
        return strchr(bpf_map__name(map), '.') ? NULL : bpf_map__name(map);
}

static int pin_program(struct holdfast_bpf *skeleton, const char *name, struct error *e)
{
        char path[PATH_MAX];
        int r;

        snprintf(path, sizeof(path), PINS_NEW "/programs/%s", name);
        r = bpf_program__pin(bpf_object__find_program_by_name(skeleton->obj, name), path);
        return r ? error_set(e, r, "cannot pin %s: %s", path, strerror(-r)) : 0;
}

static int pin_all(struct holdfast_bpf *skeleton, struct error *e)
{
        struct bpf_map *map;
        char path[PATH_MAX];
        int r;

        bpf_object__for_each_map(map, skeleton->obj)
        {
                if (!pin_name(skeleton, map))
                        continue;
                snprintf(path, sizeof(path), PINS_NEW "/maps/%s", pin_name(skeleton, map));
                r = bpf_map__pin(map, path);
                if (r)
                        return error_set(e, r, "cannot pin %s: %s", path, strerror(-r));
        }
        for (int i = 0; i < ITERS; i++) {
                r = pin_program(skeleton, iter_names[i], e);
                if (r)
                        return r;
        }
        for (int i = 0; i < CGROUP_PROGRAMS; i++) {
                r = pin_program(skeleton, cgroup_programs[i].name, e);
                if (r)
                        return r;
        }
        return 0;
}

/* Whether it is run, or attached, when that is asked for. */
static bool waits(const struct bpf_program *program)
{
        const char *section = bpf_program__section_name(program);

        return strncmp(section, "iter/", 5) == 0 || strncmp(section, "cgroup", 6) == 0 || strcmp(section, "sockops") == 0 ||
               strcmp(section, "syscall") == 0;
}

/* Attaches the others, and pins their links. */
static int attach_all(struct holdfast_bpf *skeleton, struct error *e)
{
        struct bpf_program *program;
        char path[PATH_MAX];
        int r;

        bpf_object__for_each_program(program, skeleton->obj)
        {
                const char *name = bpf_program__name(program);
                struct bpf_link *link;

                if (!bpf_program__autoload(program) || waits(program))
                        continue;
                link = bpf_program__attach(program);
                if (!link)
                        return error_set(e, -errno, "cannot attach %s: %s", name, strerror(errno));
                snprintf(path, sizeof(path), PINS_NEW "/links/%s", name);
                r = bpf_link__pin(link, path);
                bpf_link__destroy(link);
                if (r)
                        return error_set(e, r, "cannot pin %s: %s", path, strerror(-r));
        }
        return 0;
}

static int write_host(struct hf_host *host, struct error *e)
{
        if (getrandom(host->hash_key, sizeof(host->hash_key), 0) != sizeof(host->hash_key))
                return kernel_error(e, -EIO, "cannot get random bytes");
        host->abi = HF_ABI_VERSION;
        host->look = 1;
        return 0;
}

/* The timer that sees the daemon's heartbeat expire; it goes on as long as its map is pinned. */
static int start_deadman(struct holdfast_bpf *skeleton, struct error *e)
{
        LIBBPF_OPTS(bpf_test_run_opts, opts);
        int r = bpf_prog_test_run_opts(bpf_program__fd(skeleton->progs.deadman_start), &opts);

        if (!r && opts.retval)
                r = -EIO;
        return r ? error_set(e, r, "the kernel does not start the timer of the dead man's switch: %s", strerror(-r)) : 0;
}

static int load_new(struct error *e)
{
        struct holdfast_bpf *skeleton;
        int r;

        r = pins_remove(PINS_NEW);
        if (r || mkdir(PINS_NEW, 0700) || mkdir(PINS_NEW "/maps", 0700) || mkdir(PINS_NEW "/programs", 0700) ||
            mkdir(PINS_NEW "/links", 0700))
                return error_set(e, r ? r : -errno, "cannot make %s: %s; is bpffs mounted on /sys/fs/bpf?", PINS_NEW,
                                 strerror(r ? -r : errno));
        know_overlayfs();
        skeleton = holdfast_bpf__open();
        if (!skeleton)
                return kernel_error(e, -errno, "cannot open the BPF programs");
        r = fit_to_kernel(skeleton, e);
        if (!r && (r = holdfast_bpf__load(skeleton)))
                r = error_set(e, r, "the kernel refused the BPF programs: %s; see holdfast doctor, and --debug for the verifier's words",
                              strerror(-r));
        if (!r)
                r = write_host(&skeleton->data_host->host, e);
        if (!r)
                r = pin_all(skeleton, e);
        if (!r)
                r = start_deadman(skeleton, e);
        if (!r)
                r = attach_all(skeleton, e);
        if (!r && rename(PINS_NEW, PATH_PINS))
                r = kernel_error(e, -errno, "cannot rename " PINS_NEW " to " PATH_PINS);
        holdfast_bpf__destroy(skeleton);
        if (r)
                pins_remove(PINS_NEW);
        return r;
}

/*
 * Whether pins of another version hold a session: then they stay. Its records may have another size, but begin as they do here. What cannot
 * be looked at counts as one.
 */
static bool sessions_live(const struct kernel *k, uint32_t *abi)
{
        struct bpf_map_info info = { 0 };
        __u32 length = sizeof(info);
        const struct hf_session *record;
        const struct hf_host *host;
        size_t size, stride;
        bool live = false;
        char *all;

        if (k->map[MAP_SESSIONS] < 0)
                return false;
        if (bpf_obj_get_info_by_fd(k->map[MAP_SESSIONS], &info, &length))
                return true;
        stride = (info.value_size + 7) & ~7u;
        size = stride * info.max_entries;
        all = mmap(NULL, size, PROT_READ, MAP_SHARED, k->map[MAP_SESSIONS], 0);
        if (all == MAP_FAILED)
                return true;
        for (size_t slot = 1; slot < info.max_entries && !live; slot++) {
                record = (const void *)(all + slot * stride);
                live = record->generation && !(record->kill & HF_KILL_SETUP);
        }
        munmap(all, size);
        host = k->map[MAP_HOST] < 0 ? MAP_FAILED : mmap(NULL, sizeof(*host), PROT_READ, MAP_SHARED, k->map[MAP_HOST], 0);
        *abi = host == MAP_FAILED ? 0 : host->abi;
        if (host != MAP_FAILED)
                munmap((void *)host, sizeof(*host));
        return live;
}

static void forget(struct kernel *k)
{
        memset(k, 0, sizeof(*k));
        memset(k->map, -1, sizeof(k->map));
        memset(k->iter, -1, sizeof(k->iter));
        memset(k->cgroup_program, -1, sizeof(k->cgroup_program));
}

static void unmap(struct kernel *k)
{
        ring_buffer__free(k->ring);
        if (k->sessions)
                munmap(k->sessions, HF_SLOTS * sizeof(*k->sessions));
        if (k->host)
                munmap(k->host, sizeof(*k->host));
        if (k->policies)
                munmap(k->policies, HF_POLICIES * sizeof(*k->policies));
        if (k->request)
                munmap(k->request, sizeof(*k->request));
        if (k->bss)
                munmap(k->bss, sizeof(*k->bss));
        for (int i = 0; i < MAPS; i++)
                cleanup_close(&k->map[i]);
        for (int i = 0; i < ITERS; i++)
                cleanup_close(&k->iter[i]);
        for (int i = 0; i < CGROUP_PROGRAMS; i++)
                cleanup_close(&k->cgroup_program[i]);
        forget(k);
}

/* Takes over what is pinned. -ENOENT: nothing is, or what was is of another version and held nothing. */
static int take_over(struct kernel *k, struct error *e)
{
        int r = open_maps(k);
        uint32_t abi = 0;

        if (r == -ENOENT && access(PATH_PINS, F_OK))
                return -ENOENT;
        /* Another version may lack maps and programs that this one has: whether it holds sessions is asked all the same. */
        if (!map_sessions(k) && !r && k->host->abi == HF_ABI_VERSION) {
                r = open_programs(k);
                if (!r)
                        r = map_all(k, e);
                if (!r)
                        return 0;
        }
        if (sessions_live(k, &abi))
                return error_set(e, -EBUSY,
                                 "%s holds sessions of another version of holdfast (ABI %u, this is %u): end them first, then start again",
                                 PATH_PINS, abi, HF_ABI_VERSION);
        log_warning("what is pinned in " PATH_PINS " is not whole, or of another version, and holds no session: loading anew");
        unmap(k);
        r = pins_remove(PATH_PINS);
        return r ? kernel_error(e, r, "cannot remove " PATH_PINS) : -ENOENT;
}

int kernel_open(struct kernel **ret, struct error *e)
{
        struct kernel *k = calloc(1, sizeof(*k));
        int r;

        if (!k)
                return kernel_error(e, -ENOMEM, "kernel_open");
        forget(k);
        libbpf_set_print(libbpf_log);
        r = take_over(k, e);
        k->taken_over = !r;
        if (r == -ENOENT) {
                r = load_new(e);
                if (!r)
                        r = open_maps(k);
                if (!r)
                        r = open_programs(k);
                if (!r)
                        r = map_all(k, e);
        }
        if (r) {
                if (e && !e->message)
                        kernel_error(e, r, "cannot open " PATH_PINS);
                kernel_close(k);
                return r;
        }
        *ret = k;
        return 0;
}

int kernel_detach(struct error *e)
{
        struct kernel k;
        uint32_t abi;
        int r;

        forget(&k);
        libbpf_set_print(libbpf_log);
        open_maps(&k);
        if (sessions_live(&k, &abi))
                r = error_set(e, -EBUSY, PATH_PINS " holds sessions: end them first (holdfast kill --all)");
        else if ((r = pins_remove(PATH_PINS)))
                kernel_error(e, r, "cannot remove " PATH_PINS);
        unmap(&k);
        return r;
}

void kernel_close(struct kernel *k)
{
        if (!k)
                return;
        for (int i = 0; i < HF_POLICIES; i++)
                loaded_release(&k->loaded[i], &k->held);
        unmap(k);
        free(k);
}

bool kernel_taken_over(const struct kernel *k)
{
        return k->taken_over;
}

struct hf_host *kernel_host(struct kernel *k)
{
        return k->host;
}

void kernel_look(struct kernel *k)
{
        __atomic_store_n(&k->host->look, 1, __ATOMIC_SEQ_CST);
}

struct hf_session *kernel_session(struct kernel *k, uint32_t slot)
{
        return &k->sessions[slot];
}

uint64_t kernel_name_hash(const struct kernel *k, const char *name)
{
        return book_name_hash(k->host->hash_key, name);
}

struct hf_use *kernel_use(struct kernel *k, uint32_t slot)
{
        return &k->bss->uses[slot];
}

struct hf_policy *kernel_policy(struct kernel *k, uint32_t policy)
{
        return &k->policies[policy];
}

static bool is_attached(int cgroup, enum bpf_attach_type type, int program)
{
        struct bpf_prog_info info = { 0 };
        __u32 size = sizeof(info), ids[64], count = ARRAY_SIZE(ids);

        if (bpf_obj_get_info_by_fd(program, &info, &size) || bpf_prog_query(cgroup, type, 0, NULL, ids, &count))
                return false;
        for (__u32 i = 0; i < count; i++)
                if (ids[i] == info.id)
                        return true;
        return false;
}

int kernel_join(struct kernel *k, int cgroup, uint64_t id, uint32_t slot, struct error *e)
{
        const struct hf_task of = { .slot = slot, .generation = k->sessions[slot].generation };

        for (int i = 0; i < CGROUP_PROGRAMS; i++)
                if (!is_attached(cgroup, cgroup_programs[i].type, k->cgroup_program[i]) &&
                    bpf_prog_attach(k->cgroup_program[i], cgroup, cgroup_programs[i].type, BPF_F_ALLOW_MULTI))
                        return error_set(e, -errno, "cannot attach %s to the session's cgroup: %s", cgroup_programs[i].name,
                                         strerror(errno));
        if (bpf_map_update_elem(k->map[MAP_CGROUP_SESSIONS], &id, &of, BPF_EXIST))
                return kernel_error(e, -errno, "cannot tell whose the cgroup is");
        return 0;
}

void kernel_close_cgroup(struct kernel *k, uint64_t id, uint32_t slot)
{
        const struct hf_task of = { .slot = slot, .kind = HF_KILL_KILL, .generation = k->sessions[slot].generation };

        bpf_map_update_elem(k->map[MAP_CGROUP_SESSIONS], &id, &of, BPF_EXIST);
}

void kernel_leave(struct kernel *k, int cgroup)
{
        for (int i = 0; i < CGROUP_PROGRAMS; i++)
                bpf_prog_detach2(k->cgroup_program[i], cgroup, cgroup_programs[i].type);
}

int kernel_opened_fd(const struct kernel *k)
{
        return k->map[MAP_OPENED];
}

int kernel_named_fd(const struct kernel *k)
{
        return k->map[MAP_NAMED];
}

int kernel_policies_fd(const struct kernel *k)
{
        return k->map[MAP_POLICIES];
}

int kernel_resolver_socket(struct kernel *k, int fd, uint32_t slot, uint64_t generation)
{
        const struct hf_task of = { .slot = slot, .kind = HF_SOCKET_RESOLVER, .generation = generation };

        return bpf_map_update_elem(k->map[MAP_OWNERS], &fd, &of, BPF_ANY) ? -errno : 0;
}
