/* SPDX-License-Identifier: Apache-2.0 */
/* Attempts at other processes, at the kernel, and at what holds the agent. */
#include "lib/attempt.h"

#include <linux/bpf.h>
#include <linux/io_uring.h>
#include <linux/keyctl.h>
#include <linux/perf_event.h>
#include <linux/userfaultfd.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/msg.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>

static int attempt_signal(char **arg)
{
        return outcome(kill(atoi(arg[0]), atoi(arg[1])));
}

static int attempt_signal_pidfd(char **arg)
{
        int fd = NEED(syscall(SYS_pidfd_open, atoi(arg[0]), 0));

        return outcome(syscall(SYS_pidfd_send_signal, fd, atoi(arg[1]), NULL, 0));
}

static int attempt_trace(char **arg)
{
        return outcome(ptrace(PTRACE_SEIZE, atoi(arg[0]), 0, 0));
}

/* Any address will do: what is asked is whether it may. */
static int attempt_read_memory(char **arg)
{
        char byte;
        struct iovec here = { &byte, 1 }, there = { (void *)16, 1 };
        long n = process_vm_readv(atoi(arg[0]), &here, 1, &there, 1, 0);

        return n < 0 && errno == EFAULT ? 0 : outcome(n);
}

static int attempt_take_descriptor(char **arg)
{
        int fd = NEED(syscall(SYS_pidfd_open, atoi(arg[0]), 0));

        return outcome(syscall(SYS_pidfd_getfd, fd, atoi(arg[1]), 0));
}

static int attempt_mount(char **arg)
{
        return outcome(mount("none", arg[0], "tmpfs", 0, ""));
}

static int attempt_bind_mount(char **arg)
{
        return outcome(mount(arg[0], arg[1], NULL, MS_BIND, NULL));
}

static int attempt_umount(char **arg)
{
        return outcome(umount2(arg[0], MNT_DETACH));
}

static int attempt_chroot(char **arg)
{
        return outcome(chroot(arg[0]));
}

static int attempt_unshare(char **arg)
{
        int flags = !strcmp(arg[0], "user") ? CLONE_NEWUSER : !strcmp(arg[0], "net") ? CLONE_NEWNET : CLONE_NEWNS;

        return outcome(unshare(flags));
}

static int attempt_bpf_map(char **arg)
{
        union bpf_attr a = { .map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1 };

        (void)arg;
        return outcome(syscall(SYS_bpf, BPF_MAP_CREATE, &a, sizeof(a)));
}

static int attempt_bpf_pin(char **arg)
{
        union bpf_attr a = { .pathname = (unsigned long)arg[0] };

        return outcome(syscall(SYS_bpf, BPF_OBJ_GET, &a, sizeof(a)));
}

/* The first map there is, by its number. */
static int attempt_bpf_id(char **arg)
{
        union bpf_attr a = { .start_id = 0 };
        union bpf_attr by_id = { 0 };

        (void)arg;
        if (syscall(SYS_bpf, BPF_MAP_GET_NEXT_ID, &a, sizeof(a)) < 0)
                return -errno;
        by_id.map_id = a.next_id;
        return outcome(syscall(SYS_bpf, BPF_MAP_GET_FD_BY_ID, &by_id, sizeof(by_id)));
}

static int attempt_perf(char **arg)
{
        struct perf_event_attr a = { .type = PERF_TYPE_SOFTWARE, .size = sizeof(a), .config = PERF_COUNT_SW_CPU_CLOCK };

        (void)arg;
        return outcome(syscall(SYS_perf_event_open, &a, -1, 0, -1, 0));
}

static int attempt_perf_own(char **arg)
{
        struct perf_event_attr a = {
                .type = PERF_TYPE_SOFTWARE, .size = sizeof(a), .config = PERF_COUNT_SW_CPU_CLOCK, .exclude_kernel = 1, .exclude_hv = 1
        };

        (void)arg;
        return outcome(syscall(SYS_perf_event_open, &a, 0, -1, -1, 0));
}

static int attempt_userfaultfd(char **arg)
{
        (void)arg;
        return outcome(syscall(SYS_userfaultfd, O_CLOEXEC | UFFD_USER_MODE_ONLY));
}

static int attempt_add_key(char **arg)
{
        (void)arg;
        return outcome(syscall(SYS_add_key, "user", "holdfast-test", "x", 1, KEY_SPEC_PROCESS_KEYRING));
}

static int attempt_sqpoll(char **arg)
{
        struct io_uring_params p = { .flags = IORING_SETUP_SQPOLL };

        (void)arg;
        return outcome(syscall(SYS_io_uring_setup, 4, &p));
}

static int attempt_raise_limit(char **arg)
{
        struct rlimit limit = { 256, 256 };

        (void)arg;
        NEED(setrlimit(RLIMIT_NOFILE, &limit));
        limit.rlim_max++;
        return outcome(setrlimit(RLIMIT_NOFILE, &limit));
}

static int attempt_lock_memory(char **arg)
{
        const struct rlimit none = { 0, 0 };

        (void)arg;
        NEED(setrlimit(RLIMIT_MEMLOCK, &none));
        return outcome(mlock(&none, 1));
}

static int attempt_raise_priority(char **arg)
{
        (void)arg;
        return outcome(setpriority(PRIO_PROCESS, 0, -5));
}

static int attempt_setuid_file(char **arg)
{
        int fd = NEED(open(arg[0], O_CREAT | O_RDWR, 0644));

        return outcome(fchmod(fd, 04755));
}

static int attempt_other_process(char **arg)
{
        char path[64];

        snprintf(path, sizeof(path), "/proc/%s/status", arg[0]);
        return outcome(open(path, O_RDONLY));
}

/* Has that many message queues at a time. Those that it got are left when it is refused one. */
static int attempt_queues(char **arg)
{
        int count = atoi(arg[0]), *ids = calloc(count, sizeof(*ids));

        for (int i = 0; i < count; i++) {
                ids[i] = msgget(IPC_PRIVATE, 0600);
                if (ids[i] < 0)
                        return -errno;
        }
        for (int i = 0; i < count; i++)
                NEED(msgctl(ids[i], IPC_RMID, NULL));
        return 0;
}

static const struct attempt attempts[] = {
        { "signal", 2, "PID SIGNAL", attempt_signal },
        { "signal-pidfd", 2, "PID SIGNAL", attempt_signal_pidfd },
        { "trace", 1, "PID", attempt_trace },
        { "read-memory", 1, "PID", attempt_read_memory },
        { "take-descriptor", 2, "PID NUMBER", attempt_take_descriptor },
        { "mount", 1, "FOLDER", attempt_mount },
        { "bind-mount", 2, "FROM TO", attempt_bind_mount },
        { "umount", 1, "FOLDER", attempt_umount },
        { "chroot", 1, "FOLDER", attempt_chroot },
        { "unshare", 1, "user|net|mount", attempt_unshare },
        { "bpf-map", 0, "", attempt_bpf_map },
        { "bpf-pin", 1, "PATH", attempt_bpf_pin },
        { "bpf-id", 0, "", attempt_bpf_id },
        { "perf", 0, "", attempt_perf },
        { "perf-own", 0, "", attempt_perf_own },
        { "userfaultfd", 0, "", attempt_userfaultfd },
        { "add-key", 0, "", attempt_add_key },
        { "sqpoll", 0, "", attempt_sqpoll },
        { "raise-limit", 0, "", attempt_raise_limit },
        { "lock-memory", 0, "", attempt_lock_memory },
        { "raise-priority", 0, "", attempt_raise_priority },
        { "setuid-file", 1, "FILE", attempt_setuid_file },
        { "queues", 1, "NUMBER", attempt_queues },
        { "other-process", 1, "PID", attempt_other_process },
};

ATTEMPT_MAIN(attempts)
