/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crew THREADS CHILDREN FILE: one process with threads and child processes that were all there before. Prints "pid N"; for each
 * line on standard input every one of them tries to open the file for writing, and "opened N refused M" is printed.
 */
#include "lib/shared.h"

#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>

struct page {
        pthread_barrier_t start, end;
        atomic_int opened, refused;
};

static struct page *page;
static const char *file;

static void *member(void *unused)
{
        (void)unused;
        for (;;) {
                int fd;

                pthread_barrier_wait(&page->start);
                fd = open(file, O_WRONLY | O_APPEND);
                if (fd >= 0) {
                        (void)!write(fd, "x", 1);
                        close(fd);
                        page->opened++;
                } else {
                        page->refused++;
                }
                pthread_barrier_wait(&page->end);
        }
        return NULL;
}

int main(int argc, char **argv)
{
        int threads, children;
        pthread_barrierattr_t shared;
        char line[64];

        if (argc != 4)
                return 2;
        threads = atoi(argv[1]), children = atoi(argv[2]), file = argv[3];
        page = shared_page(NULL);
        pthread_barrierattr_init(&shared);
        pthread_barrierattr_setpshared(&shared, PTHREAD_PROCESS_SHARED);
        pthread_barrier_init(&page->start, &shared, threads + children + 1);
        pthread_barrier_init(&page->end, &shared, threads + children + 1);
        for (int i = 0; i < children; i++) {
                if (NEED(fork()) == 0) {
                        prctl(PR_SET_PDEATHSIG, SIGKILL);
                        member(NULL);
                }
        }
        for (int i = 0; i < threads; i++) {
                pthread_t t;

                NEED(-pthread_create(&t, NULL, member, NULL));
        }
        printf("pid %d\n", getpid());
        fflush(stdout);
        while (fgets(line, sizeof(line), stdin)) {
                page->opened = page->refused = 0;
                pthread_barrier_wait(&page->start);
                pthread_barrier_wait(&page->end);
                printf("opened %d refused %d\n", page->opened, page->refused);
                fflush(stdout);
        }
        return 0;
}
