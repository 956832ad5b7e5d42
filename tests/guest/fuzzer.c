/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzzer SEED SECONDS WORKSPACE OUTSIDE PID KEY: makes system calls with arguments that often mean something: paths in the workspace and
 * outside, descriptors that came of earlier calls, the process PID, the System V key KEY. Workers do so, a few thousand calls each, and may
 * die, stop or be stuck; the program ends what is left of them and makes new ones. Prints "calls N workers N stuck N".
 */
#include "lib/chance.h"
#include "lib/shared.h"

#include <linux/bpf.h>
#include <linux/fs.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>

#define CALLS 3000 /* of a worker */
#define PATIENCE 3 /* s that a call may take */
#define LIFE 20    /* s that a worker may */
#define FDS 24     /* descriptors that are remembered */
#define PATHS 64
#define BUFFER 65536 /* bytes that pointers lead to */
#define FIRST_FD 10  /* below are the pipes that the test talks through */

static struct {
        char paths[PATHS][256];
        int n_paths;
        int fds[FDS];
        pid_t other;
        int key;
        char *buffer;
        atomic_ulong *calls;
} z;

static uint64_t any(uint64_t n)
{
        return chance() % n;
}

static void add_path(const char *format, const char *folder)
{
        if (z.n_paths < PATHS)
                snprintf(z.paths[z.n_paths++], sizeof(z.paths[0]), format, folder);
}

static void add_paths(const char *workspace, const char *outside)
{
        static const char *const inside[] = { "%s",     "%s/a",  "%s/b",    "%s/folder", "%s/folder/c", "%s/folder/deep/d",
                                              "%s/out", "%s/up", "%s/fifo", "%s/socket" };
        static const char *const beyond[] = { "%s",     "%s/file",   "%s/secret",  "%s/folder", "%s/folder/file",
                                              "%s/new", "%s/socket", "%s/program", "%s/fifo" };
        static const char *const host[] = { "/",
                                            "/etc/passwd",
                                            "/etc/shadow",
                                            "/proc/self/mem",
                                            "/proc/1/environ",
                                            "/proc/sys/kernel/hostname",
                                            "/sys",
                                            "/dev/null",
                                            "/dev/tty",
                                            "/dev/kmsg",
                                            "/dev/mem",
                                            "/sys/fs/bpf/holdfast",
                                            "/run",
                                            "/root",
                                            "/var/log/holdfast",
                                            "/sys/fs/cgroup",
                                            "/proc/self/root",
                                            "/sys/kernel/security",
                                            "/dev/mqueue",
                                            "/proc/sysrq-trigger",
                                            "/run/holdfast/api.sock",
                                            "." };

        for (size_t i = 0; i < sizeof(inside) / sizeof(*inside); i++)
                add_path(inside[i], workspace);
        for (size_t i = 0; i < sizeof(beyond) / sizeof(*beyond); i++)
                add_path(beyond[i], outside);
        for (size_t i = 0; i < sizeof(host) / sizeof(*host); i++)
                add_path("%s", host[i]);
}

/* Arguments. */

static long path(void)
{
        return (long)z.paths[any((uint64_t)z.n_paths)];
}

static long fd(void)
{
        return any(8) ? z.fds[any(FDS)] : any(2) ? AT_FDCWD : (long)any(64) + FIRST_FD;
}

static long pointer(void)
{
        return any(20) ? (long)(z.buffer + any(BUFFER / 2)) : 0;
}

static long size(void)
{
        return any(4) ? (long)any(256) : (long)any(BUFFER / 2);
}

static long flags(void)
{
        return any(3) ? 1L << any(32) : any(2) ? (long)(chance() & chance() & 0xffffffff) : 0;
}

static long pid(void)
{
        static const int special[] = { 0, 1, -1 };

        return any(3) ? z.other : any(2) ? getpid() : special[any(2)];
}

static long number(void)
{
        return any(2) ? (long)any(16) : any(2) ? -1 : (long)chance();
}

static long open_flags(void)
{
        static const int ways[] = { O_RDONLY,
                                    O_WRONLY,
                                    O_RDWR,
                                    O_PATH,
                                    O_RDWR | O_CREAT,
                                    O_WRONLY | O_TRUNC,
                                    O_RDWR | O_TMPFILE,
                                    O_DIRECTORY,
                                    O_WRONLY | O_APPEND,
                                    O_CREAT | O_EXCL | O_RDWR,
                                    3 };

        return ways[any(sizeof(ways) / sizeof(*ways))] | O_CLOEXEC | O_NONBLOCK | (any(4) ? 0 : O_NOFOLLOW);
}

/* A socket's address, of the families that lead somewhere. */
static long address(void)
{
        struct sockaddr_un *un = (struct sockaddr_un *)(z.buffer + BUFFER / 2);
        unsigned char *raw = (unsigned char *)un;

        memset(un, 0, sizeof(*un));
        switch (any(3)) {
        case 0:
                un->sun_family = AF_UNIX;
                strncpy(un->sun_path, (const char *)path(), sizeof(un->sun_path) - 1);
                break;
        case 1:
                un->sun_family = AF_INET;
                memcpy(raw + 2, "\x1b\x58\x7f\0\0\1", 6); /* 127.0.0.1:7000 */
                break;
        default:
                un->sun_family = AF_INET6;
                memcpy(raw + 2, "\x1b\x58", 2);
                raw[23] = 1;
        }
        return (long)un;
}

/* Each letter of a form is an argument. */
static long argument(char letter)
{
        switch (letter) {
        case 'p':
                return path();
        case 'd':
                return fd();
        case 'b':
                return pointer();
        case 's':
                return size();
        case 'f':
                return flags();
        case 'i':
                return pid();
        case 'o':
                return open_flags();
        case 'a':
                return address();
        case 'm':
                return (long)any(010000);
        case 'k':
                return any(4) ? z.key : (long)any(64);
        case '0':
                return 0;
        default:
                return number();
        }
}

static const struct form {
        long call;
        const char *arguments;
        int often;
} forms[] = {
        { SYS_openat, "dpom", 12 },
        { SYS_open, "pom", 6 },
        { SYS_read, "dbs", 4 },
        { SYS_write, "dbs", 6 },
        { SYS_pwrite64, "dbsn", 3 },
        { SYS_sendfile, "dd0s", 2 },
        { SYS_splice, "d0d0sf", 2 },
        { SYS_copy_file_range, "d0d0s0", 2 },
        { SYS_fallocate, "dnns", 2 },
        { SYS_ftruncate, "ds", 2 },
        { SYS_truncate, "ps", 2 },
        { SYS_rename, "pp", 6 },
        { SYS_renameat2, "dpdpn", 6 },
        { SYS_link, "pp", 4 },
        { SYS_linkat, "dpdpf", 3 },
        { SYS_symlink, "pp", 4 },
        { SYS_unlink, "p", 3 },
        { SYS_unlinkat, "dpf", 2 },
        { SYS_mkdir, "pm", 3 },
        { SYS_rmdir, "p", 2 },
        { SYS_mknod, "pmn", 2 },
        { SYS_chmod, "pm", 2 },
        { SYS_fchmod, "dm", 2 },
        { SYS_fchmodat, "dpm", 1 },
        { SYS_chown, "pnn", 2 },
        { SYS_fchown, "dnn", 1 },
        { SYS_utimensat, "dp0f", 2 },
        { SYS_setxattr, "pbbsn", 1 },
        { SYS_fsetxattr, "dbbsn", 1 },
        { SYS_removexattr, "pb", 1 },
        { SYS_chdir, "p", 1 },
        { SYS_fchdir, "d", 1 },
        { SYS_chroot, "p", 1 },
        { SYS_pivot_root, "pp", 1 },
        { SYS_mount, "ppbf0", 2 },
        { SYS_umount2, "pf", 2 },
        { SYS_open_tree, "dpf", 1 },
        { SYS_move_mount, "dpdpf", 1 },
        { SYS_fsopen, "bf", 1 },
        { SYS_mount_setattr, "dpfbs", 1 },
        { SYS_name_to_handle_at, "dpbbf", 1 },
        { SYS_open_by_handle_at, "dbo", 1 },
        { SYS_dup, "d", 2 },
        { SYS_fcntl, "dnn", 3 },
        { SYS_ioctl, "dnb", 2 },
        { SYS_flock, "dn", 1 },
        { SYS_memfd_create, "bf", 1 },
        { SYS_inotify_init1, "0", 1 },
        { SYS_inotify_add_watch, "dpf", 1 },
        { SYS_socket, "nn0", 4 },
        { SYS_connect, "das", 4 },
        { SYS_bind, "das", 2 },
        { SYS_listen, "dn", 1 },
        { SYS_accept4, "d00f", 1 },
        { SYS_sendto, "dbsfas", 3 },
        { SYS_setsockopt, "dnnbs", 2 },
        { SYS_kill, "in", 2 },
        { SYS_tgkill, "iin", 1 },
        { SYS_pidfd_open, "i0", 2 },
        { SYS_pidfd_send_signal, "dn00", 1 },
        { SYS_pidfd_getfd, "dn0", 1 },
        { SYS_ptrace, "ni00", 2 },
        { SYS_process_vm_writev, "ib1b10", 1 },
        { SYS_setpriority, "nin", 1 },
        { SYS_sched_setaffinity, "isb", 1 },
        { SYS_sched_setscheduler, "inb", 1 },
        { SYS_prlimit64, "inbb", 2 },
        { SYS_ioprio_set, "nin", 1 },
        { SYS_unshare, "f", 1 },
        { SYS_setns, "df", 1 },
        { SYS_bpf, "nbs", 2 },
        { SYS_perf_event_open, "binnf", 1 },
        { SYS_userfaultfd, "f", 1 },
        { SYS_keyctl, "nnnnn", 1 },
        { SYS_add_key, "bbbsn", 1 },
        { SYS_shmget, "ksf", 2 },
        { SYS_shmat, "k0f", 2 },
        { SYS_shmctl, "knb", 2 },
        { SYS_msgget, "kf", 1 },
        { SYS_msgsnd, "kbsf", 1 },
        { SYS_msgctl, "knb", 1 },
        { SYS_semget, "knf", 1 },
        { SYS_semctl, "knnb", 1 },
        { SYS_mq_open, "bom0", 1 },
        { SYS_mq_unlink, "b", 1 },
        { SYS_io_uring_setup, "nb", 1 },
        { SYS_io_uring_enter, "dnnf00", 1 },
        { SYS_io_uring_register, "dnbn", 1 },
        { SYS_sethostname, "bs", 1 },
        { SYS_setdomainname, "bs", 1 },
        { SYS_settimeofday, "b0", 1 },
        { SYS_clock_settime, "nb", 1 },
        { SYS_swapon, "pf", 1 },
        { SYS_acct, "p", 1 },
        { SYS_quotactl, "npnb", 1 },
        { SYS_syslog, "nbs", 1 },
        { SYS_init_module, "bsb", 1 },
        { SYS_finit_module, "dbf", 1 },
        { SYS_delete_module, "bf", 1 },
        { SYS_reboot, "nnnb", 1 },
        { SYS_iopl, "n", 1 },
        { SYS_setresuid, "nnn", 1 },
        { SYS_capset, "bb", 1 },
        { SYS_prctl, "nnnnn", 1 },
        { SYS_fanotify_init, "fo", 1 },
};

static void remember(long result)
{
        if (result >= FIRST_FD && result < 4096)
                z.fds[any(FDS)] = (int)result;
}

/* Maps one of the descriptors and writes into it. A bad page ends the worker. */
static void use_mapping(void)
{
        char *at = mmap(NULL, 4096, PROT_READ | (any(2) ? PROT_WRITE : 0), any(2) ? MAP_SHARED : MAP_PRIVATE, (int)fd(), 0);

        if (at == MAP_FAILED)
                return;
        if (mprotect(at, 4096, PROT_READ | PROT_WRITE) == 0)
                at[any(4096)] = (char)any(256);
        mprotect(at, 4096, PROT_READ | PROT_EXEC);
        munmap(at, 4096);
}

/* Passes a descriptor to itself. */
static void pass(void)
{
        char control[CMSG_SPACE(sizeof(int))] = { 0 }, byte = 0;
        struct iovec data = { &byte, 1 };
        struct msghdr m = { .msg_iov = &data, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control) };
        struct cmsghdr *c = CMSG_FIRSTHDR(&m);
        int pair[2], what = (int)fd();

        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0)
                return;
        *c = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS };
        memcpy(CMSG_DATA(c), &what, sizeof(what));
        if (sendmsg(pair[0], &m, 0) >= 0 && recvmsg(pair[1], &m, 0) >= 0 && (c = CMSG_FIRSTHDR(&m)))
                memcpy(&what, CMSG_DATA(c), sizeof(what));
        remember(what);
        close(pair[0]);
        close(pair[1]);
}

/* A program of any path starts, in a child. */
static void start(void)
{
        char *arguments[] = { "fuzz", NULL };
        pid_t child = fork();

        if (child == 0) {
                alarm(1);
                execv((const char *)path(), arguments);
                _exit(0);
        }
        if (child > 0)
                waitpid(child, NULL, 0);
}

/* Any call at all, but those that would only end or stop the worker. */
static void anything(void)
{
        long call = (long)any(470), a[6];

        if (call == SYS_exit || call == SYS_exit_group || call == SYS_pause || call == SYS_rt_sigsuspend || call == SYS_vfork ||
            call == SYS_fork || call == SYS_clone || call == SYS_clone3 || call == SYS_rt_sigreturn || call == SYS_close_range ||
            call == SYS_alarm || call == SYS_tkill || call == SYS_rt_sigqueueinfo || call == SYS_rt_tgsigqueueinfo)
                return;
        for (int i = 0; i < 6; i++)
                a[i] = argument("pdbsfioamkn"[any(11)]);
        remember(syscall(call, a[0], a[1], a[2], a[3], a[4], a[5]));
}

static void call_by(const struct form *form)
{
        long a[6] = { 0 };

        for (int i = 0; i < 6 && form->arguments[i]; i++)
                a[i] = argument(form->arguments[i]);
        /* Buffers have paths in them, zeros and noise. */
        if (!any(4))
                strcpy(z.buffer + any(BUFFER / 4), (const char *)path());
        else
                z.buffer[any(BUFFER / 2)] = any(3) ? 0 : (char)any(256);
        /* Its own parent, and itself: the worker would only be gone. */
        if ((form->call == SYS_kill || form->call == SYS_tgkill || form->call == SYS_ptrace) && a[form->call == SYS_ptrace] != z.other)
                return;
        remember(syscall(form->call, a[0], a[1], a[2], a[3], a[4], a[5]));
}

static void worker(uint64_t seed)
{
        int total = 0;

        state = seed;
        setpgid(0, 0);
        for (int i = 0; i < FDS; i++)
                z.fds[i] = -1;
        for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++)
                total += forms[i].often;
        for (int i = 0; i < CALLS; i++) {
                int pick = (int)any((uint64_t)total + 20), at = 0;

                alarm(PATIENCE);
                atomic_fetch_add(z.calls, 1);
                if (pick >= total) {
                        pick -= total;
                        pick < 6 ? use_mapping() : pick < 10 ? pass() : pick < 12 ? start() : anything();
                        continue;
                }
                while (pick >= forms[at].often)
                        pick -= forms[at++].often;
                call_by(&forms[at]);
        }
        _exit(0);
}

/* Waits until the child is dead, which it is after its life at the latest. Traced by its parent, it stops at each of its signals. */
static bool outlive(pid_t child)
{
        const struct timespec life = { LIFE, 0 };
        sigset_t ended;
        bool stuck;
        int status;

        sigemptyset(&ended);
        sigaddset(&ended, SIGCHLD);
        do
                stuck = sigtimedwait(&ended, NULL, &life) < 0;
        while (!stuck && (waitpid(child, &status, WNOHANG) != child || WIFSTOPPED(status)));
        if (!stuck)
                return true;
        /* One of another user is out of reach. */
        while (kill(child, SIGKILL) == 0 && waitpid(child, &status, 0) == child && WIFSTOPPED(status))
                ;
        return false;
}

int main(int argc, char **argv)
{
        unsigned long workers = 0, stuck = 0;
        sigset_t ended;
        time_t end;
        uint64_t seed;

        if (argc != 7) {
                fprintf(stderr, "usage: fuzzer SEED SECONDS WORKSPACE OUTSIDE PID KEY\n");
                return 2;
        }
        seed = strtoull(argv[1], NULL, 10);
        end = time(NULL) + atoi(argv[2]);
        add_paths(argv[3], argv[4]);
        z.other = atoi(argv[5]);
        z.key = (int)strtol(argv[6], NULL, 0);
        z.calls = shared_page(NULL);
        z.buffer = calloc(1, BUFFER);
        sigemptyset(&ended);
        sigaddset(&ended, SIGCHLD);
        sigprocmask(SIG_BLOCK, &ended, NULL);
        while (time(NULL) < end) {
                pid_t child = fork();

                if (child == 0)
                        worker(seed + workers);
                if (child < 0)
                        continue;
                workers++;
                stuck += !outlive(child);
        }
        printf("calls %lu workers %lu stuck %lu\n", atomic_load(z.calls), workers, stuck);
        return 0;
}
