/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A session that never rests, and kills of it: whether anything that began after a kill was answered is let through.
 * restless work PAGE FILE       the agent: processes that write (through a descriptor, and opening the file), connect, fork and exec in
 *                               loops; each notes in the page what was let through, and whether a kill stood all the while
 * restless storm PAGE FILE      the same of lines of descent that fork and write as fast as they can
 * restless kills PAGE RUNS TARGET...   kills (strength deny) by HTTP and lifts, so many times, the targets in turn, each a JSON object;
 *                               every kill waits until all that work have been let through since the last was lifted
 * restless set PAGE TARGET STRENGTH   one kill; returns once it is answered
 * The last two, and restless tell PAGE, print "runs N done N refused N permitted N".
 */
#include "lib/http.h"
#include "lib/shared.h"

#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#define CLOSED_PORT 9 /* nobody listens: to be refused by the other end is to have got there */
#define LINES 8

enum kind { WRITE, CONNECT, FORK, EXEC, KINDS };

struct page {
        atomic_uint standing; /* the number of the kill that was answered and not yet taken back; 0: none */
        atomic_uint runs;     /* kills so far */
        atomic_uint began;    /* which kill stood when the last exec began */
        atomic_uint storm;    /* only some kinds are at work */
        atomic_ullong done[KINDS], refused[KINDS], permitted[KINDS];
};

static struct page *page;
static const char *page_path, *file;
static int held = -1;

static void rest(long ns)
{
        struct timespec t = { 0, ns };

        nanosleep(&t, NULL);
}

/* ---- what is done again and again ---------------------------------------------------------------------------------------------- */

static bool do_write(void)
{
        static unsigned turn;
        int fd = held;
        bool ok;

        if (++turn % 2)
                return pwrite(held, "x", 1, 0) == 1;
        fd = open(file, O_WRONLY | O_CLOEXEC);
        if (fd < 0)
                return false;
        ok = write(fd, "x", 1) == 1;
        close(fd);
        return ok;
}

static bool do_connect(void)
{
        struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(CLOSED_PORT), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        bool ok;

        if (fd < 0)
                return false;
        ok = connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0 || errno == ECONNREFUSED;
        close(fd);
        return ok;
}

static bool do_fork(void)
{
        pid_t child = fork();

        if (child == 0)
                _exit(0);
        if (child > 0)
                waitpid(child, NULL, 0);
        return child > 0;
}

/* It returns only when it was refused; what follows where it was not is in begun_again(). */
static bool do_exec(void)
{
        page->began = page->standing;
        execl("/proc/self/exe", "restless", "again", page_path, file, NULL);
        return false;
}

/* What was let through counts against the kill only if that stood before it began and still stands. */
static void account(enum kind kind, unsigned standing, bool ok)
{
        if (ok) {
                page->done[kind]++;
                page->permitted[kind] += standing && page->standing == standing;
        } else {
                page->refused[kind]++;
                rest(5000000);
        }
}

static void loop(enum kind kind)
{
        static bool (*const actions[KINDS])(void) = { do_write, do_connect, do_fork, do_exec };

        for (;;) {
                unsigned standing = page->standing;

                account(kind, standing, actions[kind]());
        }
}

static void begun_again(void)
{
        account(EXEC, page->began, true);
        rest(1000000);
        loop(EXEC);
}

static pid_t begin(enum kind kind)
{
        pid_t child = fork();

        if (child == 0) {
                prctl(PR_SET_PDEATHSIG, SIGKILL);
                loop(kind);
        }
        return child;
}

/* What execs ends only where the new program could not go on: it was let through all the same. */
static void work(void)
{
        pid_t pids[KINDS] = { 0 };

        for (;;) {
                int status;
                pid_t ended;

                for (int kind = 0; kind < KINDS; kind++)
                        if (pids[kind] <= 0)
                                pids[kind] = begin(kind);
                ended = waitpid(-1, &status, WNOHANG);
                for (int kind = 0; kind < KINDS && ended > 0; kind++) {
                        if (pids[kind] != ended)
                                continue;
                        pids[kind] = 0;
                        if (kind == EXEC && WIFEXITED(status))
                                account(EXEC, page->began, true);
                }
                rest(20000000);
        }
}

static void line_of_descent(void)
{
        for (;;) {
                unsigned standing = page->standing;
                pid_t next;

                account(WRITE, standing, do_write());
                standing = page->standing;
                next = fork();
                if (next)
                        account(FORK, standing, next > 0);
                if (next > 0)
                        _exit(0);
        }
}

static void storm(void)
{
        page->storm = 1;
        signal(SIGCHLD, SIG_IGN);
        NEED(prctl(PR_SET_CHILD_SUBREAPER, 1));
        for (int i = 0; i < LINES; i++)
                if (NEED(fork()) == 0)
                        line_of_descent();
        for (;;)
                pause();
}

/* ---- kills --------------------------------------------------------------------------------------------------------------------- */

static unsigned long long sum(const atomic_ullong *of)
{
        unsigned long long total = 0;

        for (int kind = 0; kind < KINDS; kind++)
                total += of[kind];
        return total;
}

static void tell(void)
{
        printf("runs %u done %llu refused %llu permitted %llu", page->runs, sum(page->done), sum(page->refused), sum(page->permitted));
        if (sum(page->permitted))
                printf(": write %llu connect %llu fork %llu exec %llu", page->permitted[WRITE], page->permitted[CONNECT],
                       page->permitted[FORK], page->permitted[EXEC]);
        printf("\n");
}

static bool all_work(const unsigned long long *before)
{
        for (int kind = 0; kind < KINDS; kind++)
                if (page->done[kind] == before[kind] && !(page->storm && (kind == CONNECT || kind == EXEC)))
                        return false;
        return true;
}

static void await_work(void)
{
        unsigned long long before[KINDS];

        for (int kind = 0; kind < KINDS; kind++)
                before[kind] = page->done[kind];
        AWAIT(all_work(before));
}

static void set_kill(int fd, const char *target, const char *strength)
{
        char body[512];

        snprintf(body, sizeof(body), "%.*s,\"strength\":\"%s\",\"reason\":\"run %u\"}", (int)strlen(target) - 1, target, strength,
                 page->runs + 1);
        http_do(fd, "POST", "/v1/kills", body);
        page->standing = ++page->runs;
}

static void kills(int runs, char **targets)
{
        int fd = http_connect("/run/holdfast/api.sock"), n = 0;

        while (targets[n])
                n++;
        for (int i = 0; i < runs; i++) {
                unsigned long long refused;

                await_work();
                set_kill(fd, targets[i % n], "deny");
                refused = sum(page->refused);
                AWAIT(sum(page->refused) > refused);
                rest(1000000 + rand() % 30000000);
                page->standing = 0;
                http_do(fd, "DELETE", "/v1/kills", targets[i % n]);
        }
}

int main(int argc, char **argv)
{
        const char *mode = argc > 2 ? argv[1] : "";

        if (argc < 3)
                return 2;
        page_path = argv[2];
        page = shared_page(page_path);
        if (argc == 4 && (!strcmp(mode, "work") || !strcmp(mode, "storm") || !strcmp(mode, "again"))) {
                file = argv[3];
                held = open(file, O_WRONLY | O_CLOEXEC);
        }
        if (!strcmp(mode, "again"))
                begun_again();
        else if (!strcmp(mode, "work"))
                work();
        else if (!strcmp(mode, "storm"))
                storm();
        else if (!strcmp(mode, "kills") && argc > 4)
                kills(atoi(argv[3]), argv + 4);
        else if (!strcmp(mode, "set") && argc == 5)
                set_kill(http_connect("/run/holdfast/api.sock"), argv[3], argv[4]);
        else if (strcmp(mode, "tell") != 0)
                return 2;
        tell();
        return 0;
}
