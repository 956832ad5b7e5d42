/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/process.h"

#include "base/cleanup.h"
#include "daemon/file.h"

#include <ctype.h>
#include <dirent.h>
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

bool process_runs(pid_t thread)
{
        struct process p;

        return process_read(thread, &p) == 0 && p.state != 'Z' && p.state != 'X';
}

pid_t process_thread(pid_t pid)
{
        _cleanup_closedir_ DIR *threads = NULL;
        struct dirent *entry;
        char path[64];

        if (process_runs(pid))
                return pid;
        snprintf(path, sizeof(path), "/proc/%d/task", pid);
        threads = opendir(path);
        while (threads && (entry = readdir(threads))) {
                pid_t tid = (pid_t)strtol(entry->d_name, NULL, 10);

                if (tid > 0 && process_runs(tid))
                        return tid;
        }
        return pid;
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

int process_real_uid(pid_t pid, uid_t *ret)
{
        _cleanup_free_ char *text = NULL;
        const char *line;
        int r = read_proc(pid, "status", &text);

        if (r < 0)
                return r;
        line = strstr(text, "\nUid:");
        return line && sscanf(line + 5, "%u", ret) == 1 ? 0 : -EBADMSG;
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
