/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/process.h"

#include "base/cleanup.h"
#include "daemon/file.h"

#include <ctype.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>

#define PROC_FILE_MAX (1u << 20)
#define NSEC_PER_SEC 1000000000ull

static int read_proc(pid_t pid, const char *name, char **ret)
{
        char path[64];
        int r;

        snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
        r = file_read(AT_FDCWD, path, PROC_FILE_MAX, ret, NULL);
        return r == -ENOENT ? -ESRCH : r;
}

int process_parse(const char *text, struct process *ret)
{
        const char *open = strchr(text, '('), *close = strrchr(text, ')'); /* the name may hold either */
        struct process p = { .state = '?' };
        unsigned long long start;

        if (!open || !close || close < open)
                return -EBADMSG;
        if (sscanf(close + 1, " %c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %d %*d %llu", &p.state, &p.parent,
                   &p.threads, &start) != 4)
                return -EBADMSG;
        snprintf(p.comm, sizeof(p.comm), "%.*s", (int)(close - open - 1), open + 1);
        p.start = start;
        *ret = p;
        return 0;
}

int process_read(pid_t pid, struct process *ret)
{
        _cleanup_free_ char *text = NULL;
        int r = read_proc(pid, "stat", &text);

        return r < 0 ? r : process_parse(text, ret);
}

bool process_lives(const struct process *p)
{
        /* A first thread that has ended is a zombie too, while the others run. */
        return (p->state != 'Z' && p->state != 'X') || p->threads > 1;
}

int process_open(pid_t pid)
{
        int fd = (int)syscall(SYS_pidfd_open, pid, 0);

        return fd < 0 ? -errno : fd;
}

bool process_alive(int pidfd)
{
        struct pollfd p = { .fd = pidfd, .events = POLLIN };

        return poll(&p, 1, 0) == 0;
}

bool process_same_start(uint64_t start_ns, uint64_t start_ticks)
{
        long hz = sysconf(_SC_CLK_TCK);

        return start_ns / (NSEC_PER_SEC / (uint64_t)(hz > 0 ? hz : 100)) == start_ticks;
}

int process_uid(pid_t pid, uid_t *ret)
{
        _cleanup_free_ char *text = NULL;
        unsigned real, effective, saved;
        const char *line;
        int r = read_proc(pid, "status", &text);

        if (r < 0)
                return r;
        line = strstr(text, "\nUid:");
        if (!line || sscanf(line + 5, "%u %u %u", &real, &effective, &saved) != 3)
                return -EBADMSG;
        if (real != effective || real != saved)
                return -EPERM;
        *ret = real;
        return 0;
}

int process_cgroup(pid_t pid, char **ret)
{
        _cleanup_free_ char *text = NULL;
        char *line, *end, *copy;
        int r = read_proc(pid, "cgroup", &text);

        if (r < 0)
                return r;
        line = !strncmp(text, "0::", 3) ? text : strstr(text, "\n0::");
        if (!line)
                return -ENOENT;
        line = strstr(line, "0::") + 3;
        end = strchrnul(line, '\n');
        copy = strndup(line, (size_t)(end - line));
        if (!copy)
                return -ENOMEM;
        *ret = copy;
        return 0;
}

struct pair {
        pid_t pid, parent;
};

/* All processes with their parents. */
static int scan(struct pair **ret, size_t *count)
{
        _cleanup_closedir_ DIR *proc = opendir("/proc");
        _cleanup_free_ struct pair *list = NULL;
        size_t n = 0, room = 0;
        struct dirent *entry;

        if (!proc)
                return -errno;
        while ((entry = readdir(proc))) {
                pid_t pid = isdigit((unsigned char)entry->d_name[0]) ? (pid_t)atoi(entry->d_name) : 0;
                struct process p;

                if (!pid || process_read(pid, &p) < 0)
                        continue;
                if (n == room) {
                        struct pair *more = reallocarray(list, room + 256, sizeof(*list));

                        if (!more)
                                return -ENOMEM;
                        list = more;
                        room += 256;
                }
                list[n++] = (struct pair){ pid, p.parent };
        }
        *count = n;
        *ret = TAKE_PTR(list);
        return 0;
}

int process_tree(pid_t pid, pid_t **ret, size_t *count)
{
        _cleanup_free_ struct pair *all = NULL;
        _cleanup_free_ pid_t *tree = NULL;
        size_t n_all = 0, n = 1;
        int r = scan(&all, &n_all);

        if (r < 0)
                return r;
        tree = reallocarray(NULL, n_all + 1, sizeof(*tree));
        if (!tree)
                return -ENOMEM;
        tree[0] = pid;
        for (size_t i = 0; i < n; i++)
                for (size_t j = 0; j < n_all && n <= n_all; j++)
                        if (all[j].parent == tree[i])
                                tree[n++] = all[j].pid;
        *count = n;
        *ret = TAKE_PTR(tree);
        return 0;
}
