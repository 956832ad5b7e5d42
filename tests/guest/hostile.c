/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A process that has much before it is attached: hostile FOLDER THING... It gets each thing, says "ready PID", and at each line on standard
 * input uses them all, in that order, says what each came to ("THING: done" or "THING: refused ERRNO"), and last "end". FOLDER has a file
 * "file". What it needs outside of itself is a process that its first thing makes: no child of its own any more, so no session takes it in.
 */
#include "lib/attempt.h"

#include <arpa/inet.h>
#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/io_uring.h>
#include <linux/netlink.h>
#include <linux/perf_event.h>
#include <linux/random.h>
#include <linux/seccomp.h>
#include <linux/tcp.h>
#include <linux/userfaultfd.h>
#include <mqueue.h>
#include <netinet/ip_icmp.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/fanotify.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>

#define STAYS 600 /* s that the process outside lives */
#define USES 8    /* at most, of what is used up */

static const char *folder;
static pid_t stranger;
static int from_stranger;
static volatile char memory = 'm'; /* at the same address in the process outside */
static char stack[65536] __attribute__((aligned(16)));

static const char *in_folder(const char *name)
{
        static char path[4096];

        snprintf(path, sizeof(path), "%s/%s", folder, name);
        return path;
}

static struct sockaddr_un unix_address(const char *name)
{
        struct sockaddr_un a = { .sun_family = AF_UNIX };

        snprintf(a.sun_path, sizeof(a.sun_path), "%s/%s", folder, name);
        return a;
}

static struct sockaddr_in loopback(int port)
{
        return (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(port) };
}

/* ---- the process outside ---------------------------------------------------------------------------------------------- */

/* Accepts on a unix socket, and gives everyone something to read. */
static void serve(int listener)
{
        for (;;) {
                int fd = accept(listener, NULL, NULL);

                if (fd >= 0)
                        NEED(write(fd, "0123456789abcdef", 16));
        }
}

/* How the process outside is made, and what it does before it serves. */
static int (*outside)(pid_t of);

static int stranger_main(void *tell)
{
        struct sockaddr_un address = unix_address("socket");
        int listener = NEED(socket(AF_UNIX, SOCK_STREAM, 0));
        pid_t own = getpid();

        alarm(STAYS);
        unlink(address.sun_path);
        NEED(bind(listener, (struct sockaddr *)&address, sizeof(address)));
        NEED(listen(listener, 8));
        if (outside)
                NEED(outside(getppid()));
        NEED(write(*(int *)tell, &own, sizeof(own)));
        serve(listener);
        return 0;
}

/* A child of a child that is gone: adopted by whoever adopts orphans. */
static void make_stranger(void)
{
        static int tell[2];
        sigset_t signals;
        pid_t child;

        if (stranger)
                return;
        /* Whoever is traced stops at a signal, also at one that says that a child has ended. */
        sigemptyset(&signals);
        sigaddset(&signals, SIGCHLD);
        NEED(sigprocmask(SIG_BLOCK, &signals, NULL));
        NEED(pipe(tell));
        child = NEED(fork());
        if (child == 0) {
                NEED(clone(stranger_main, stack + sizeof(stack), SIGCHLD, &tell[1]));
                _exit(0);
        }
        NEED(waitpid(child, NULL, 0));
        NEED(read(tell[0], &stranger, sizeof(stranger)));
        from_stranger = tell[0];
}

/* ---- things ----------------------------------------------------------------------------------------------------------- */

static int get_read(void)
{
        return open(in_folder("file"), O_RDONLY);
}

static int use_read(int fd)
{
        char byte;

        return outcome(pread(fd, &byte, 1, 0));
}

static int get_write(void)
{
        return open(in_folder("file"), O_WRONLY | O_APPEND);
}

static int use_write(int fd)
{
        return outcome(write(fd, "x", 1));
}

static int use_map(int fd)
{
        void *p = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0);

        return p == MAP_FAILED ? -errno : outcome(munmap(p, 4096));
}

static int get_fifo(void)
{
        mkfifo(in_folder("fifo"), 0600);
        return open(in_folder("fifo"), O_RDWR);
}

static int get_folder(void)
{
        return open(folder, O_RDONLY | O_DIRECTORY);
}

static int use_folder(int fd)
{
        char entries[4096];

        lseek(fd, 0, SEEK_SET);
        return outcome(syscall(SYS_getdents64, fd, entries, sizeof(entries)));
}

static int get_device(void)
{
        return open("/dev/random", O_RDWR);
}

static int use_device(int fd)
{
        int count;

        return outcome(ioctl(fd, RNDGETENTCNT, &count));
}

static int get_proc(void)
{
        char path[64];

        make_stranger();
        snprintf(path, sizeof(path), "/proc/%d/mem", stranger);
        return open(path, O_RDWR);
}

static int use_proc(int fd)
{
        char byte;

        return outcome(pread(fd, &byte, 1, (off_t)&memory));
}

static int use_proc_write(int fd)
{
        return outcome(pwrite(fd, "n", 1, (off_t)&memory));
}

static int get_pidfd(void)
{
        make_stranger();
        return syscall(SYS_pidfd_open, stranger, 0);
}

static int use_pidfd(int fd)
{
        return outcome(syscall(SYS_pidfd_send_signal, fd, SIGCONT, NULL, 0));
}

/* Connected by TCP to a socket of its own, which has sent something. */
static int get_tcp(void)
{
        struct sockaddr_in a = loopback(0);
        socklen_t length = sizeof(a);
        int listener = NEED(socket(AF_INET, SOCK_STREAM, 0)), fd = NEED(socket(AF_INET, SOCK_STREAM, 0));

        NEED(bind(listener, (struct sockaddr *)&a, sizeof(a)));
        NEED(listen(listener, 8));
        NEED(getsockname(listener, (struct sockaddr *)&a, &length));
        NEED(connect(fd, (struct sockaddr *)&a, sizeof(a)));
        NEED(write(NEED(accept(listener, NULL, NULL)), "0123456789abcdef", 16));
        return fd;
}

static int use_send(int fd)
{
        return outcome(send(fd, "x", 1, MSG_DONTWAIT | MSG_NOSIGNAL));
}

static int use_receive(int fd)
{
        char byte;

        return outcome(recv(fd, &byte, 1, MSG_DONTWAIT));
}

static int use_splice(int fd)
{
        int from[2];

        NEED(pipe(from));
        NEED(write(from[1], "x", 1));
        return outcome(splice(from[0], NULL, fd, NULL, 1, 0));
}

static int use_splice_from(int fd)
{
        int to[2];

        NEED(pipe(to));
        return outcome(splice(fd, NULL, to[1], NULL, 1, SPLICE_F_NONBLOCK));
}

static int use_zerocopy(int fd)
{
        char buffer[64];
        struct tcp_zerocopy_receive z = { .length = 4096, .copybuf_address = (unsigned long)buffer, .copybuf_len = sizeof(buffer) };
        socklen_t size = sizeof(z);

        return outcome(getsockopt(fd, IPPROTO_TCP, TCP_ZEROCOPY_RECEIVE, &z, &size));
}

static int get_udp(void)
{
        struct sockaddr_in a = loopback(9);
        int fd = NEED(socket(AF_INET, SOCK_DGRAM, 0));

        return connect(fd, (struct sockaddr *)&a, sizeof(a)) ? -1 : fd;
}

/* What listens beyond loopback, and has connections to take. */
static int get_listener(void)
{
        struct sockaddr_in a = { .sin_family = AF_INET };
        socklen_t length = sizeof(a);
        int fd = NEED(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));

        NEED(bind(fd, (struct sockaddr *)&a, sizeof(a)));
        NEED(listen(fd, USES));
        NEED(getsockname(fd, (struct sockaddr *)&a, &length));
        a = loopback(ntohs(a.sin_port));
        for (int i = 0; i < USES; i++)
                NEED(connect(NEED(socket(AF_INET, SOCK_STREAM, 0)), (struct sockaddr *)&a, sizeof(a)));
        return fd;
}

static int use_accept(int fd)
{
        return outcome(accept(fd, NULL, NULL));
}

static int get_unix(void)
{
        struct sockaddr_un address = unix_address("socket");
        int fd = NEED(socket(AF_UNIX, SOCK_STREAM, 0));
        char byte;

        make_stranger();
        NEED(connect(fd, (struct sockaddr *)&address, sizeof(address)));
        NEED(read(fd, &byte, 1)); /* it has accepted */
        return fd;
}

/* A unix socket of its own, outside of the policy, with which it speaks to itself. */
static int get_unix_own(void)
{
        struct sockaddr_un address = unix_address("own");
        int listener = NEED(socket(AF_UNIX, SOCK_STREAM, 0)), fd = NEED(socket(AF_UNIX, SOCK_STREAM, 0));

        unlink(address.sun_path);
        NEED(bind(listener, (struct sockaddr *)&address, sizeof(address)));
        NEED(listen(listener, 8));
        NEED(connect(fd, (struct sockaddr *)&address, sizeof(address)));
        NEED(accept(listener, NULL, NULL));
        return fd;
}

static int get_socketpair(void)
{
        int pair[2];

        NEED(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
        return pair[0];
}

static int get_pipe(void)
{
        int ends[2];

        NEED(pipe(ends));
        return ends[1];
}

static int get_memfd(void)
{
        return memfd_create("hostile", 0);
}

static int get_raw(void)
{
        struct sockaddr_in a = loopback(0);
        int fd = NEED(socket(AF_INET, SOCK_RAW, IPPROTO_ICMP));
        struct icmphdr echo = { .type = ICMP_ECHOREPLY };

        NEED(connect(fd, (struct sockaddr *)&a, sizeof(a)));
        for (int i = 0; i < USES; i++)
                NEED(send(fd, &echo, sizeof(echo), 0)); /* comes back to itself */
        return fd;
}

static int use_raw(int fd)
{
        struct icmphdr echo = { .type = ICMP_ECHOREPLY };

        return outcome(send(fd, &echo, sizeof(echo), 0));
}

static int get_packet(void)
{
        return socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL));
}

static int use_packet(int fd)
{
        int version = TPACKET_V2;

        return outcome(setsockopt(fd, SOL_PACKET, PACKET_VERSION, &version, sizeof(version)));
}

static int get_netlink(void)
{
        struct sockaddr_nl a = { .nl_family = AF_NETLINK, .nl_groups = 1 };
        int fd = NEED(socket(AF_NETLINK, SOCK_RAW, NETLINK_KOBJECT_UEVENT));

        return bind(fd, (struct sockaddr *)&a, sizeof(a)) ? -1 : fd;
}

static int use_netlink(int fd)
{
        int size = 4096;

        return outcome(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)));
}

static int get_fanotify(void)
{
        int fd = NEED(fanotify_init(FAN_CLASS_NOTIF | FAN_NONBLOCK, O_RDONLY));

        NEED(fanotify_mark(fd, FAN_MARK_ADD, FAN_OPEN | FAN_EVENT_ON_CHILD, AT_FDCWD, folder));
        return fd;
}

/* Something in the folder was opened by whoever asks, a moment ago. */
static int use_fanotify(int fd)
{
        char events[4096];

        return outcome(read(fd, events, sizeof(events)));
}

static int get_inotify(void)
{
        int fd = NEED(inotify_init1(IN_NONBLOCK));

        NEED(inotify_add_watch(fd, folder, IN_OPEN));
        return fd;
}

/* The same. That a watch is gone is told too, once. */
static int use_inotify(int fd)
{
        _Alignas(struct inotify_event) char events[4096];
        ssize_t n = read(fd, events, sizeof(events));

        for (ssize_t at = 0; at < n;) {
                const struct inotify_event *e = (const struct inotify_event *)(events + at);

                if (e->mask & IN_OPEN)
                        return 0;
                at += (ssize_t)(sizeof(*e) + e->len);
        }
        return n < 0 ? -errno : -EAGAIN;
}

static int get_capability(void)
{
        return 0;
}

static int use_capability(int unused)
{
        char name[65];

        (void)unused;
        NEED(gethostname(name, sizeof(name)));
        return outcome(sethostname(name, strlen(name)));
}

/* ---- io_uring: a ring with one entry that is used again and again ------------------------------------------------------- */

struct ring {
        struct io_uring_params p;
        int fd;
        char *memory;
        struct io_uring_sqe *entries;
};

static struct ring ring;

static void ring_open(unsigned int flags)
{
        size_t size;

        ring.p = (struct io_uring_params){ .flags = flags, .sq_thread_idle = 1000 };
        ring.fd = NEED(syscall(SYS_io_uring_setup, 1, &ring.p));
        size = ring.p.cq_off.cqes + ring.p.cq_entries * sizeof(struct io_uring_cqe) + 4096;
        ring.memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring.fd, IORING_OFF_SQ_RING);
        NEED(ring.memory == MAP_FAILED ? -1 : 0);
        ring.entries = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring.fd, IORING_OFF_SQES);
        NEED(ring.entries == MAP_FAILED ? -1 : 0);
}

/* Does the operation, and returns what it came to. */
static int ring_do(struct io_uring_sqe operation)
{
        unsigned int *tail = (unsigned int *)(ring.memory + ring.p.sq_off.tail), *head = (unsigned int *)(ring.memory + ring.p.cq_off.head);
        struct io_uring_cqe *done = (struct io_uring_cqe *)(ring.memory + ring.p.cq_off.cqes);
        unsigned int wake = ring.p.flags & IORING_SETUP_SQPOLL ? IORING_ENTER_SQ_WAKEUP : 0;
        int result;

        ring.entries[0] = operation;
        ((unsigned int *)(ring.memory + ring.p.sq_off.array))[0] = 0;
        __atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
        NEED(syscall(SYS_io_uring_enter, ring.fd, 1, 1, IORING_ENTER_GETEVENTS | wake, NULL, 0));
        result = done[*head & (ring.p.cq_entries - 1)].res;
        __atomic_store_n(head, *head + 1, __ATOMIC_RELEASE);
        return result < 0 ? result : 0;
}

static int get_registered(void)
{
        int fd = NEED(open(in_folder("file"), O_WRONLY));

        ring_open(0);
        NEED(syscall(SYS_io_uring_register, ring.fd, IORING_REGISTER_FILES, &fd, 1));
        close(fd);
        return 0;
}

static int use_registered(int unused)
{
        (void)unused;
        return ring_do((struct io_uring_sqe){ .opcode = IORING_OP_WRITE, .flags = IOSQE_FIXED_FILE, .addr = (unsigned long)"x", .len = 1 });
}

/* A device that takes commands, whatever they are. */
static int get_command(void)
{
        ring_open(0);
        return open("/dev/null", O_RDWR);
}

static int use_command(int fd)
{
        return ring_do((struct io_uring_sqe){ .opcode = IORING_OP_URING_CMD, .fd = fd });
}

/* ---- what nothing takes away: using it is opening a file outside ----------------------------------------------------------- */

static int use_nothing(int unused)
{
        int fd = open(in_folder("file"), O_WRONLY | O_APPEND);

        (void)unused;
        if (fd < 0)
                return -errno;
        close(fd);
        return 0;
}

static int trace_back(pid_t of)
{
        (void)of;
        return 0;
}

static pid_t traced;

static int seize(pid_t unused)
{
        (void)unused;
        return ptrace(PTRACE_SEIZE, traced, NULL, NULL);
}

static int get_traced(void)
{
        traced = getpid();
        prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);
        outside = seize;
        make_stranger();
        return 0;
}

static int get_tracing(void)
{
        outside = trace_back;
        make_stranger();
        return ptrace(PTRACE_SEIZE, stranger, NULL, NULL) ? -1 : 0;
}

static int trace_and_tell(void *tell)
{
        long result = ptrace(PTRACE_SEIZE, stranger, NULL, NULL);

        (void)!write(*(int *)tell, &result, sizeof(result));
        return pause();
}

/* The process that traces has no first thread any more. */
static int get_tracing_thread(void)
{
        static int tell[2];
        long result = -1;

        outside = trace_back;
        make_stranger();
        NEED(pipe(tell));
        if (NEED(fork()) == 0) {
                alarm(STAYS);
                NEED(clone(trace_and_tell, stack + sizeof(stack), CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD,
                           &tell[1]));
                syscall(SYS_exit, 0);
        }
        NEED(read(tell[0], &result, sizeof(result)));
        return (int)result;
}

/* Over a socket: sends a descriptor, or with fd < 0 takes one. */
static int flight(int over, int fd)
{
        union {
                char room[CMSG_SPACE(sizeof(int))];
                struct cmsghdr align;
        } control = { .align = { .cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS } };
        struct iovec data = { control.room, 1 };
        struct msghdr m = { .msg_iov = &data, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control) };

        if (fd >= 0) {
                memcpy(CMSG_DATA(&control.align), &fd, sizeof(fd));
                return sendmsg(over, &m, 0);
        }
        data.iov_base = &(char){ 0 };
        if (recvmsg(over, &m, 0) < 0)
                return -1;
        errno = EACCES;
        if (!CMSG_FIRSTHDR(&m) || CMSG_FIRSTHDR(&m)->cmsg_len != CMSG_LEN(sizeof(int)))
                return -1;
        memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(fd));
        return fd;
}

/* A map that is in no table of descriptors, but on its way from one end of a socket to the other. */
static int get_flight(void)
{
        union bpf_attr a = {
                .map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4096, .max_entries = 1, .map_flags = BPF_F_MMAPABLE
        };
        int map = NEED(syscall(SYS_bpf, BPF_MAP_CREATE, &a, sizeof(a))), ends[2];

        NEED(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
        for (int i = 0; i < USES; i++)
                NEED(flight(ends[1], map));
        close(map);
        return ends[0];
}

static int use_flight(int fd)
{
        int map = flight(fd, -1);
        char *page = map < 0 ? MAP_FAILED : mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, map, 0);

        if (page == MAP_FAILED)
                return -errno;
        page[0] = 1;
        munmap(page, 4096);
        return close(map);
}

static int get_perf(void)
{
        struct perf_event_attr a = { .type = PERF_TYPE_SOFTWARE, .config = PERF_COUNT_SW_TASK_CLOCK, .size = sizeof(a) };

        return syscall(SYS_perf_event_open, &a, 0, -1, -1, 0);
}

static int get_bpf(void)
{
        union bpf_attr a = { .map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1 };

        return syscall(SYS_bpf, BPF_MAP_CREATE, &a, sizeof(a));
}

static int get_userfaultfd(void)
{
        return syscall(SYS_userfaultfd, O_CLOEXEC);
}

static int get_notify(void)
{
        struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
        struct sock_fprog program = { 1, &allow };

        NEED(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
        return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
}

static int get_polled(void)
{
        int fd = NEED(open(in_folder("file"), O_WRONLY));

        ring_open(IORING_SETUP_SQPOLL);
        NEED(syscall(SYS_io_uring_register, ring.fd, IORING_REGISTER_FILES, &fd, 1));
        return 0;
}

static int get_queue(void)
{
        return mq_open("/hostile", O_RDWR | O_CREAT, 0600, NULL);
}

static int get_ring(void)
{
        struct tpacket_req r = { .tp_block_size = 4096, .tp_block_nr = 1, .tp_frame_size = 2048, .tp_frame_nr = 2 };
        int fd = NEED(socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL)));

        NEED(setsockopt(fd, SOL_PACKET, PACKET_RX_RING, &r, sizeof(r)));
        return mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED ? -1 : 0;
}

/* Shared memory of System V, attached before the process outside is made, which so has it too. */
static int get_shm_shared(void)
{
        int id = NEED(shmget(IPC_PRIVATE, 4096, 0600));

        NEED(shmat(id, NULL, 0) == (void *)-1 ? -1 : 0);
        NEED(shmctl(id, IPC_RMID, NULL));
        make_stranger();
        return 0;
}

static int get_shm(void)
{
        int id = NEED(shmget(IPC_PRIVATE, 4096, 0600));

        NEED(shmat(id, NULL, 0) == (void *)-1 ? -1 : 0);
        return shmctl(id, IPC_RMID, NULL);
}

static int wait_for_ever(void *tell)
{
        char byte = 1;

        NEED(write(*(int *)tell, &byte, 1));
        for (;;)
                pause();
        return 0;
}

/* A process that shares something with this one, and whose parent is gone. */
static int share(int flags)
{
        static int tell[2];
        char byte;
        pid_t child;

        NEED(pipe(tell));
        child = NEED(clone(wait_for_ever, stack + sizeof(stack), flags | CLONE_PARENT | SIGCHLD, &tell[1]));
        stranger = child;
        NEED(read(tell[0], &byte, 1));
        return 0;
}

static int get_memory(void)
{
        return share(CLONE_VM);
}

static int get_descriptors(void)
{
        return share(CLONE_FILES);
}

static const struct thing {
        const char *name;
        int (*get)(void);
        int (*use)(int);
} things[] = {
        { "read", get_read, use_read },
        { "map-read", get_read, use_map },
        { "write", get_write, use_write },
        { "fifo", get_fifo, use_write },
        { "folder", get_folder, use_folder },
        { "device", get_device, use_device },
        { "proc-read", get_proc, use_proc },
        { "proc-write", get_proc, use_proc_write },
        { "pidfd", get_pidfd, use_pidfd },
        { "tcp-send", get_tcp, use_send },
        { "tcp-receive", get_tcp, use_receive },
        { "tcp-splice", get_tcp, use_splice },
        { "tcp-splice-from", get_tcp, use_splice_from },
        { "tcp-zerocopy", get_tcp, use_zerocopy },
        { "udp", get_udp, use_send },
        { "listener", get_listener, use_accept },
        { "unix-send", get_unix, use_send },
        { "unix-receive", get_unix, use_receive },
        { "unix-splice", get_unix, use_splice },
        { "unix-splice-from", get_unix, use_splice_from },
        { "raw-send", get_raw, use_raw },
        { "raw-receive", get_raw, use_receive },
        { "packet", get_packet, use_packet },
        { "netlink", get_netlink, use_netlink },
        { "fanotify", get_fanotify, use_fanotify },
        { "inotify", get_inotify, use_inotify },
        { "capability", get_capability, use_capability },
        { "registered", get_registered, use_registered },
        { "flight", get_flight, use_flight },
        { "unix-own", get_unix_own, use_send },
        { "socketpair", get_socketpair, use_send },
        { "pipe", get_pipe, use_write },
        { "memfd", get_memfd, use_write },
        { "shm", get_shm, use_nothing },
        { "traced", get_traced, use_nothing },
        { "tracing", get_tracing, use_nothing },
        { "tracing-thread", get_tracing_thread, use_nothing },
        { "perf", get_perf, use_nothing },
        { "bpf", get_bpf, use_nothing },
        { "userfaultfd", get_userfaultfd, use_nothing },
        { "notify", get_notify, use_nothing },
        { "polled", get_polled, use_registered },
        { "command", get_command, use_command },
        { "queue", get_queue, use_nothing },
        { "ring", get_ring, use_nothing },
        { "shm-shared", get_shm_shared, use_nothing },
        { "memory", get_memory, use_nothing },
        { "descriptors", get_descriptors, use_nothing },
};

static const struct thing *find(const char *name)
{
        for (size_t i = 0; i < sizeof(things) / sizeof(things[0]); i++)
                if (!strcmp(things[i].name, name))
                        return &things[i];
        printf("broken: no thing is called %s\n", name);
        exit(2);
}

int main(int argc, char **argv)
{
        int fds[64];
        char line[16];

        if (argc < 3 || argc - 2 > 64) {
                fprintf(stderr, "usage: hostile FOLDER THING...\n");
                return 2;
        }
        folder = argv[1];
        setvbuf(stdout, NULL, _IOLBF, 0);
        for (int i = 2; i < argc; i++) {
                errno = 0;
                fds[i - 2] = find(argv[i])->get();
                if (fds[i - 2] < 0) {
                        printf("broken %s: %s\n", argv[i], strerrorname_np(errno));
                        return 3;
                }
        }
        printf("ready %d %d\n", getpid(), stranger);
        while (fgets(line, sizeof(line), stdin)) {
                for (int i = 2; i < argc; i++) {
                        printf("%s: ", argv[i]);
                        attempt_report(find(argv[i])->use(fds[i - 2]));
                }
                printf("end\n");
        }
        return 0;
}
