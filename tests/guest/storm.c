/* SPDX-License-Identifier: Apache-2.0 */
/*
 * storm LINES FILE [threads]: a process under which several lines of descent fork and exit as fast as they can, each link trying to open
 * the file for writing; or one whose threads do so. Prints "pid N", that of the process at the top, which adopts the orphans; for each
 * number on standard input waits for that many more tries and prints "opened N refused M" of those. The program itself stays outside of
 * the storm, which ends with it.
 */
#include "lib/shared.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/wait.h>

struct page {
        atomic_int top, stop;
        atomic_ulong opened, refused;
};

static struct page *page;

static void try(const char *file)
{
        int fd = open(file, O_WRONLY | O_APPEND);

        if (fd >= 0) {
                (void)!write(fd, "x", 1);
                close(fd);
                page->opened++;
        } else if (errno == EACCES || errno == EPERM) {
                page->refused++;
        }
}

static bool is_over(void)
{
        return page->stop || (kill(page->top, 0) < 0 && errno == ESRCH); /* the one at the top dies with the program */
}

/* Each link makes the next and is gone. */
static void line_of_descent(const char *file)
{
        while (!is_over()) {
                pid_t next;

                try(file);
                do {
                        next = fork();
                } while (next < 0 && !is_over());
                if (next > 0)
                        _exit(0);
        }
        _exit(0);
}

static void *thread(void *file)
{
        pthread_t next;

        try(file);
        while (pthread_create(&next, NULL, thread, file) != 0 && !page->stop)
                ;
        pthread_detach(pthread_self());
        return NULL;
}

static void top_of_threads(int lines, char *file)
{
        page->top = getpid();
        for (int i = 0; i < lines; i++) {
                pthread_t line;

                NEED(pthread_create(&line, NULL, thread, file) == 0 ? 0 : -1);
        }
        for (;;)
                pause();
}

static void top(int lines, const char *file)
{
        NEED(prctl(PR_SET_CHILD_SUBREAPER, 1));
        for (int i = 0; i < lines; i++)
                if (NEED(fork()) == 0)
                        line_of_descent(file);
        page->top = getpid();
        while (wait(NULL) > 0 || errno == EINTR)
                ;
        _exit(0);
}

int main(int argc, char **argv)
{
        unsigned long count;

        if (argc != 3 && (argc != 4 || strcmp(argv[3], "threads") != 0))
                return 2;
        page = shared_page(NULL);
        if (NEED(fork()) == 0) {
                prctl(PR_SET_PDEATHSIG, SIGKILL);
                if (argc == 4)
                        top_of_threads(atoi(argv[1]), argv[2]);
                top(atoi(argv[1]), argv[2]);
        }
        AWAIT(page->top);
        printf("pid %d\n", page->top);
        fflush(stdout);
        while (scanf("%lu", &count) == 1) {
                unsigned long opened = page->opened, refused = page->refused;

                AWAIT(page->opened - opened + page->refused - refused >= count);
                printf("opened %lu refused %lu\n", page->opened - opened, page->refused - refused);
                fflush(stdout);
        }
        page->stop = 1;
        return 0;
}
