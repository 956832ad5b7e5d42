/* SPDX-License-Identifier: Apache-2.0 */
/* io_uring(7) by raw system calls, for the attempts that let the kernel do the work. */
#ifndef HOLDFAST_TESTS_ADVERSARY_URING_H
#define HOLDFAST_TESTS_ADVERSARY_URING_H

#include "lib/adversary.h"

#include <linux/io_uring.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

struct ring {
        int fd;
        unsigned int *tail, *array, mask, sqpoll;
        unsigned int *head, *completed;
        struct io_uring_sqe *entries;
        struct io_uring_cqe *completions;
        unsigned int completions_mask;
};

static struct ring ring_make(struct io_uring_params p)
{
        struct ring r = { .fd = NEED(syscall(SYS_io_uring_setup, 4, &p)), .sqpoll = p.flags & IORING_SETUP_SQPOLL };
        size_t size = p.sq_off.array + p.sq_entries * sizeof(unsigned int);
        size_t completions = p.cq_off.cqes + p.cq_entries * sizeof(struct io_uring_cqe);
        char *at;

        at = mmap(NULL, completions > size ? completions : size, PROT_READ | PROT_WRITE, MAP_SHARED, r.fd, IORING_OFF_SQ_RING);
        NEED(at == MAP_FAILED ? -1 : 0);
        r.entries = mmap(NULL, p.sq_entries * sizeof(*r.entries), PROT_READ | PROT_WRITE, MAP_SHARED, r.fd, IORING_OFF_SQES);
        NEED(r.entries == MAP_FAILED ? -1 : 0);
        r.tail = (unsigned int *)(at + p.sq_off.tail);
        r.array = (unsigned int *)(at + p.sq_off.array);
        r.mask = *(unsigned int *)(at + p.sq_off.ring_mask);
        r.head = (unsigned int *)(at + p.cq_off.head);
        r.completed = (unsigned int *)(at + p.cq_off.tail);
        r.completions = (struct io_uring_cqe *)(at + p.cq_off.cqes);
        r.completions_mask = *(unsigned int *)(at + p.cq_off.ring_mask);
        return r;
}

/* Does one operation and returns what it came to. */
static int ring_do(struct ring *r, struct io_uring_sqe operation)
{
        unsigned int tail = *r->tail;
        int result;

        r->entries[tail & r->mask] = operation;
        r->array[tail & r->mask] = tail & r->mask;
        __atomic_store_n(r->tail, tail + 1, __ATOMIC_RELEASE);
        NEED(syscall(SYS_io_uring_enter, r->fd, r->sqpoll ? 0 : 1, 1, IORING_ENTER_GETEVENTS | (r->sqpoll ? IORING_ENTER_SQ_WAKEUP : 0),
                     NULL, 0));
        result = r->completions[*r->head & r->completions_mask].res;
        __atomic_store_n(r->head, *r->head + 1, __ATOMIC_RELEASE);
        return result;
}

/* Links an operation to a read from a pipe that waits in the kernel, changes the task's credentials, and lets the read end. */
__attribute__((unused)) static int ring_linked(struct io_uring_sqe operation)
{
        struct ring r = ring_make((struct io_uring_params){ 0 });
        unsigned int tail = *r.tail;
        char byte;
        int ends[2];

        NEED(pipe2(ends, O_CLOEXEC));
        r.entries[tail & r.mask] = (struct io_uring_sqe){
                .opcode = IORING_OP_READ, .fd = ends[0], .addr = (unsigned long)&byte, .len = 1, .flags = IOSQE_ASYNC | IOSQE_IO_LINK
        };
        r.entries[(tail + 1) & r.mask] = operation;
        r.array[tail & r.mask] = tail & r.mask;
        r.array[(tail + 1) & r.mask] = (tail + 1) & r.mask;
        __atomic_store_n(r.tail, tail + 2, __ATOMIC_RELEASE);
        NEED(syscall(SYS_io_uring_enter, r.fd, 2, 0, 0, NULL, 0));
        usleep(20000); /* the worker has it, and waits */
        NEED(prctl(PR_SET_KEEPCAPS, 1));
        NEED(write(ends[1], "x", 1));
        NEED(syscall(SYS_io_uring_enter, r.fd, 0, 2, IORING_ENTER_GETEVENTS, NULL, 0));
        return r.completions[(*r.head + 1) & r.completions_mask].res;
}

/* The same on a ring of its own. */
__attribute__((unused)) static int ring_once(struct io_uring_sqe operation)
{
        struct ring r = ring_make((struct io_uring_params){ 0 });

        return ring_do(&r, operation);
}

__attribute__((unused)) static struct io_uring_sqe ring_open(const char *path, int flags)
{
        return (struct io_uring_sqe){ .opcode = IORING_OP_OPENAT, .fd = AT_FDCWD, .addr = (unsigned long)path, .open_flags = flags };
}

#endif
