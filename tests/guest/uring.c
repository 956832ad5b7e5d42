/* SPDX-License-Identifier: Apache-2.0 */
/* Attempts through io_uring(7), by raw system calls: what is asked for is done by the kernel, perhaps by a worker thread of it. */
#include "lib/attempt.h"

#include <linux/io_uring.h>
#include <sys/mman.h>
#include <sys/syscall.h>

/* Submits one operation to a ring of its own and returns what it came to. */
static int submit(struct io_uring_sqe operation, unsigned int setup)
{
        struct io_uring_params p = { .flags = setup, .sq_thread_idle = 1000 };
        int fd = NEED(syscall(SYS_io_uring_setup, 4, &p));
        size_t size = p.sq_off.array + p.sq_entries * sizeof(unsigned int);
        size_t completions = p.cq_off.cqes + p.cq_entries * sizeof(struct io_uring_cqe);
        char *ring;
        struct io_uring_sqe *entries;

        if (completions > size)
                size = completions;
        ring = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, IORING_OFF_SQ_RING);
        NEED(ring == MAP_FAILED ? -1 : 0);
        entries = mmap(NULL, p.sq_entries * sizeof(*entries), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, IORING_OFF_SQES);
        NEED(entries == MAP_FAILED ? -1 : 0);
        entries[0] = operation;
        ((unsigned int *)(ring + p.sq_off.array))[0] = 0;
        __atomic_store_n((unsigned int *)(ring + p.sq_off.tail), 1, __ATOMIC_RELEASE);
        NEED(syscall(SYS_io_uring_enter, fd, 1, 1, IORING_ENTER_GETEVENTS | (setup & IORING_SETUP_SQPOLL ? IORING_ENTER_SQ_WAKEUP : 0),
                     NULL, 0));
        return ((struct io_uring_cqe *)(ring + p.cq_off.cqes))[0].res;
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

static const struct attempt attempts[] = {
        { "open", 1, "FILE", attempt_open },
        { "open-polled", 1, "FILE", attempt_open_polled },
        { "unlink", 1, "FILE", attempt_unlink },
        { "rename", 2, "FROM TO", attempt_rename },
};

ATTEMPT_MAIN(attempts)
