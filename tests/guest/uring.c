/* SPDX-License-Identifier: Apache-2.0 */
/* Attempts through io_uring(7), by raw system calls: what is asked for is done by the kernel, perhaps by a worker thread of it. */
#include "lib/attempt.h"

#include <linux/io_uring.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>

struct ring {
        struct io_uring_params p;
        int fd;
        char *memory;
        struct io_uring_sqe *entries;
};

static struct ring ring_open(unsigned int setup)
{
        struct ring r = { .p = { .flags = setup, .sq_thread_idle = 1000 } };
        size_t size, completions;

        r.fd = NEED(syscall(SYS_io_uring_setup, 4, &r.p));
        size = r.p.sq_off.array + r.p.sq_entries * sizeof(unsigned int);
        completions = r.p.cq_off.cqes + r.p.cq_entries * sizeof(struct io_uring_cqe);
        if (completions > size)
                size = completions;
        r.memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, r.fd, IORING_OFF_SQ_RING);
        NEED(r.memory == MAP_FAILED ? -1 : 0);
        r.entries =
                mmap(NULL, r.p.sq_entries * sizeof(*r.entries), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, r.fd, IORING_OFF_SQES);
        NEED(r.entries == MAP_FAILED ? -1 : 0);
        return r;
}

/* Submits the first operation of a ring and returns what it came to. */
static int ring_submit(const struct ring *r, struct io_uring_sqe operation)
{
        unsigned int wake = r->p.flags & IORING_SETUP_SQPOLL ? IORING_ENTER_SQ_WAKEUP : 0;

        r->entries[0] = operation;
        ((unsigned int *)(r->memory + r->p.sq_off.array))[0] = 0;
        __atomic_store_n((unsigned int *)(r->memory + r->p.sq_off.tail), 1, __ATOMIC_RELEASE);
        NEED(syscall(SYS_io_uring_enter, r->fd, 1, 1, IORING_ENTER_GETEVENTS | wake, NULL, 0));
        return ((struct io_uring_cqe *)(r->memory + r->p.cq_off.cqes))[0].res;
}

static int submit(struct io_uring_sqe operation, unsigned int setup)
{
        const struct ring r = ring_open(setup);

        return ring_submit(&r, operation);
}

static int open_for_writing(const char *path, unsigned int setup)
{
        struct io_uring_sqe s = {
                .opcode = IORING_OP_OPENAT, .fd = AT_FDCWD, .addr = (unsigned long)path, .open_flags = O_WRONLY | O_APPEND
        };
        int fd = submit(s, setup);

        return fd < 0 ? fd : outcome(write(fd, "x", 1));
}

static int attempt_open(char **arg)
{
        return open_for_writing(arg[0], 0);
}

static int attempt_open_polled(char **arg)
{
        return open_for_writing(arg[0], IORING_SETUP_SQPOLL);
}

static int attempt_unlink(char **arg)
{
        struct io_uring_sqe s = { .opcode = IORING_OP_UNLINKAT, .fd = AT_FDCWD, .addr = (unsigned long)arg[0] };

        return submit(s, 0);
}

static int attempt_rename(char **arg)
{
        struct io_uring_sqe s = {
                .opcode = IORING_OP_RENAMEAT, .fd = AT_FDCWD, .addr = (unsigned long)arg[0], .len = AT_FDCWD, .addr2 = (unsigned long)arg[1]
        };

        return submit(s, 0);
}

/* Through a file that was registered with the ring, and has no descriptor any more, once somebody writes to the FIFO. */
static int attempt_write_registered(char **arg)
{
        struct io_uring_sqe s = { .opcode = IORING_OP_WRITE, .flags = IOSQE_FIXED_FILE, .addr = (unsigned long)"x", .len = 1 };
        const struct ring r = ring_open(0);
        int fd = NEED(open(arg[0], O_WRONLY)), result;
        char byte;

        NEED(syscall(SYS_io_uring_register, r.fd, IORING_REGISTER_FILES, &fd, 1));
        close(fd);
        printf("registered\n");
        fflush(stdout);
        fd = NEED(open(arg[1], O_RDONLY));
        NEED(read(fd, &byte, 1));
        result = ring_submit(&r, s);
        return result < 0 ? result : 0;
}

/* Into pages of a file that were registered as a buffer, and are mapped no more, once somebody writes to the FIFO. */
static int attempt_write_buffer(char **arg)
{
        struct io_uring_sqe s = { .opcode = IORING_OP_READ_FIXED, .len = 1, .off = -1 };
        const struct ring r = ring_open(0);
        int fd = NEED(open(arg[0], O_RDWR)), from[2], result;
        struct iovec buffer = { .iov_len = 4096 };
        char byte;

        buffer.iov_base = mmap(NULL, buffer.iov_len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        NEED(buffer.iov_base == MAP_FAILED ? -1 : 0);
        NEED(syscall(SYS_io_uring_register, r.fd, IORING_REGISTER_BUFFERS, &buffer, 1));
        NEED(munmap(buffer.iov_base, buffer.iov_len));
        close(fd);
        printf("registered\n");
        fflush(stdout);
        fd = NEED(open(arg[1], O_RDONLY));
        NEED(read(fd, &byte, 1));
        NEED(pipe(from));
        NEED(write(from[1], "x", 1));
        s.fd = from[0];
        s.addr = (unsigned long)buffer.iov_base;
        result = ring_submit(&r, s);
        return result < 0 ? result : 0;
}

#define FILLS 16 /* times a megabyte */

/* By worker threads of the kernel's. */
static int attempt_fill(char **arg)
{
        static char block[1 << 20];
        struct io_uring_sqe s = { .opcode = IORING_OP_WRITE, .flags = IOSQE_ASYNC, .addr = (unsigned long)block, .len = sizeof(block) };
        int result = 0;

        memset(block, 'x', sizeof(block));
        s.fd = NEED(open(arg[0], O_WRONLY | O_CREAT, 0600));
        for (int i = 0; i < FILLS && result >= 0; i++) {
                s.off = (unsigned long)i * sizeof(block);
                result = submit(s, 0);
        }
        return result < 0 ? result : 0;
}

static int attempt_reserve(char **arg)
{
        struct io_uring_sqe s = { .opcode = IORING_OP_FALLOCATE, .addr = 1 << 20 }; /* the length */
        int result = 0;

        s.fd = NEED(open(arg[0], O_WRONLY | O_CREAT, 0600));
        for (int i = 0; i < FILLS && result >= 0; i++) {
                s.off = (unsigned long)i << 20;
                result = submit(s, 0);
        }
        return result < 0 ? result : 0;
}

static const struct attempt attempts[] = {
        { "open", 1, "FILE", attempt_open },
        { "open-polled", 1, "FILE", attempt_open_polled },
        { "unlink", 1, "FILE", attempt_unlink },
        { "rename", 2, "FROM TO", attempt_rename },
        { "fill", 1, "FILE", attempt_fill },
        { "reserve", 1, "FILE", attempt_reserve },
        { "write-registered", 2, "FILE FIFO", attempt_write_registered },
        { "write-buffer", 2, "FILE FIFO", attempt_write_buffer },
};

ATTEMPT_MAIN(attempts)
