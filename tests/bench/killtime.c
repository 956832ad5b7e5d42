/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How soon a kill takes effect. Who acts does so in a place of a file that all share, by its number: calls are counted there, and when
 * the first is refused is noted, by CLOCK_BOOTTIME, which the daemon answers in.
 * killtime act FILE PLACE US            opens and closes a file without end, with so long a rest between two
 * killtime ask FILE TARGET RUNS         kills (strength deny) by HTTP and lifts; the target is {"session":"ID"} or {"all":true}. Whose
 *                                       first refusal counts is in place 0
 * killtime store FILE SLOT RUNS         the kernel's part alone: stores the bit into the map, of the session in that slot, in place 0
 * killtime signal RUNS                  the same of SIGKILL to a process group of four that act
 * killtime order FILE PLACE COMMAND...  the same of a command that ends who acts there
 * killtime sessions COUNT POLICY WORKSPACE   starts so many sessions of one sleeping process each, which stay
 * Each prints JSON; times are in ns.
 */
#include "holdfast/abi.h"
#include "lib/http.h"
#include "lib/shared.h"

#include <linux/bpf.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define PLACES 64 /* in one page */
#define MAPS "/sys/fs/bpf/holdfast/maps/"

struct place {
        atomic_ullong calls, done_at; /* of those let through: how many, and when the last was done */
        atomic_ullong refused_at;     /* 0: not since this was last cleared */
};

static uint64_t boot_ns(void)
{
        struct timespec t;

        clock_gettime(CLOCK_BOOTTIME, &t);
        return (uint64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void rest(long us)
{
        struct timespec t = { us / 1000000, us % 1000000 * 1000 };

        nanosleep(&t, NULL);
}

static void act(struct place *p, long us)
{
        for (;;) {
                int fd = open("/etc/passwd", O_RDONLY | O_CLOEXEC);

                if (fd >= 0) {
                        close(fd);
                        p->done_at = boot_ns();
                        p->calls++;
                        if (us)
                                rest(us);
                        continue;
                }
                if (!p->refused_at)
                        p->refused_at = boot_ns();
                rest(us > 5000 ? us : 5000); /* what is measured is the kill, not a flood of events */
        }
}

/* ---- samples ------------------------------------------------------------------------------------------------------------------- */

static int compare(const void *a, const void *b)
{
        uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

        return x < y ? -1 : x > y;
}

/* "name":{"p50":N,"p99":N,"most":N} */
static void tell(const char *name, uint64_t *sample, int n, const char *behind)
{
        qsort(sample, n, sizeof(*sample), compare);
        printf("\"%s\":{\"p50\":%llu,\"p99\":%llu,\"most\":%llu}%s", name, (unsigned long long)sample[(n - 1) / 2],
               (unsigned long long)sample[(n * 99 + 99) / 100 - 1], (unsigned long long)sample[n - 1], behind);
}

static uint64_t *samples(int n)
{
        uint64_t *sample = calloc(n, sizeof(*sample));

        NEED(sample ? 0 : -1);
        return sample;
}

static uint64_t later(uint64_t at, uint64_t start)
{
        return at > start ? at - start : 0;
}

/* ---- a kill by HTTP ------------------------------------------------------------------------------------------------------------ */

static uint64_t member(const char *reply, const char *name)
{
        const char *at = strstr(reply, name);

        errno = EBADMSG;
        NEED(at ? 0 : -1);
        return strtoull(at + strlen(name) + 2, NULL, 10);
}

static void trips(int fd, uint64_t *sample, int runs)
{
        for (int i = 0; i < runs; i++) {
                uint64_t start = boot_ns();

                http_do(fd, "GET", "/v1/health", "");
                sample[i] = boot_ns() - start;
        }
}

static void ask(struct place *p, const char *target, int runs)
{
        uint64_t *sent = samples(runs), *received = samples(runs), *took = samples(runs), *answered = samples(runs), *trip = samples(runs);
        int fd = http_connect("/run/holdfast/api.sock");
        unsigned long long after = 0;
        char body[512], reply[4096];

        trips(fd, trip, runs);
        for (int i = 0; i < runs; i++) {
                unsigned long long calls = p->calls;
                uint64_t start;
                int status;

                AWAIT(p->calls > calls + 2);
                snprintf(body, sizeof(body), "%.*s,\"strength\":\"deny\",\"reason\":\"run %d\"}", (int)strlen(target) - 1, target, i);
                p->refused_at = 0;
                start = boot_ns();
                http_send(fd, "POST", "/v1/kills", body);
                status = http_answer(fd, reply, sizeof(reply));
                answered[i] = boot_ns();
                calls = p->calls;
                if (status != 201) {
                        printf("broken POST /v1/kills: %d %s\n", status, reply);
                        exit(3);
                }
                AWAIT(p->refused_at);
                after += p->calls - calls > 1; /* one may have been let in, and not counted yet */
                sent[i] = later(p->refused_at, start);
                received[i] = later(p->refused_at, member(reply, "asked_ns"));
                took[i] = member(reply, "took_ns");
                answered[i] -= start;
                http_do(fd, "DELETE", "/v1/kills", target);
        }
        printf("{\"runs\":%d,\"permitted_after\":%llu,", runs, after);
        tell("sent", sent, runs, ",");
        tell("received", received, runs, ",");
        tell("took", took, runs, ",");
        tell("answered", answered, runs, ",");
        tell("trip", trip, runs, "}\n");
}

/* ---- the kernel's part alone --------------------------------------------------------------------------------------------------- */

static void *map(const char *path, size_t size)
{
        union bpf_attr a = { .pathname = (uint64_t)(uintptr_t)path };
        int fd = NEED((int)syscall(SYS_bpf, BPF_OBJ_GET, &a, sizeof(a)));
        void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

        NEED(at == MAP_FAILED ? -1 : 0);
        return at;
}

static void store(struct place *p, int slot, int runs)
{
        const size_t page = 4096, size = (sizeof(struct hf_session) * HF_SLOTS + page - 1) / page * page;
        struct hf_session *session = (struct hf_session *)map(MAPS "sessions", size) + slot;
        struct hf_host *host = map(MAPS "host", page);
        uint64_t *sample = samples(runs), *other = samples(runs);

        for (int i = 0; i < runs; i++) {
                unsigned long long calls = p->calls;
                uint64_t start;

                AWAIT(p->calls > calls + 2);
                p->refused_at = 0;
                __atomic_store_n(&host->look, 1, __ATOMIC_SEQ_CST);
                start = boot_ns();
                __atomic_or_fetch(&session->kill, HF_KILL_DENY, __ATOMIC_SEQ_CST);
                AWAIT(p->refused_at);
                sample[i] = later(p->refused_at, start);
                other[i] = later(p->done_at, start);
                __atomic_and_fetch(&session->kill, ~HF_KILL_DENY, __ATOMIC_SEQ_CST);
        }
        printf("{\"runs\":%d,", runs);
        tell("refused", sample, runs, ",");
        tell("last_done", other, runs, "}\n");
}

/* ---- beside it ----------------------------------------------------------------------------------------------------------------- */

static void signal_group(int runs)
{
        struct place *p = shared_page(NULL);
        uint64_t *sample = samples(runs), *gone = samples(runs);

        for (int i = 0; i < runs; i++) {
                uint64_t start, last = 0;
                pid_t group = 0;

                memset(p, 0, 4 * sizeof(*p));
                for (int n = 0; n < 4; n++) {
                        pid_t child = NEED(fork());

                        if (child == 0) {
                                setpgid(0, group);
                                prctl(PR_SET_PDEATHSIG, SIGKILL);
                                act(&p[n], 0);
                        }
                        setpgid(child, group ? group : child);
                        group = group ? group : child;
                }
                for (int n = 0; n < 4; n++)
                        AWAIT(p[n].calls > 2);
                start = boot_ns();
                NEED(kill(-group, SIGKILL));
                while (wait(NULL) > 0)
                        ;
                gone[i] = boot_ns() - start;
                for (int n = 0; n < 4; n++)
                        last = p[n].done_at > last ? p[n].done_at : last;
                sample[i] = later(last, start);
        }
        printf("{\"runs\":%d,", runs);
        tell("last_done", sample, runs, ",");
        tell("gone", gone, runs, "}\n");
}

/* The command ends who acts, who is no child of this. */
static void order(struct place *p, char **command)
{
        unsigned long long calls = p->calls;
        pid_t child;
        uint64_t start;
        int status;

        AWAIT(p->calls > calls + 2);
        start = boot_ns();
        child = NEED(fork());
        if (child == 0) {
                dup2(2, 1);
                execvp(command[0], command);
                _exit(127);
        }
        NEED(waitpid(child, &status, 0));
        errno = ECHILD;
        NEED(status ? -1 : 0);
        calls = p->calls;
        rest(20000);
        NEED(p->calls == calls ? 0 : -1);
        printf("%llu\n", (unsigned long long)later(p->done_at, start));
}

/* ---- many sessions ------------------------------------------------------------------------------------------------------------- */

static void become_session(const char *body, atomic_ullong *took)
{
        char reply[4096];
        int fd = http_connect("/run/holdfast/api.sock"), status;
        uint64_t start = boot_ns();

        http_send(fd, "POST", "/v1/sessions", body);
        status = http_answer(fd, reply, sizeof(reply));
        close(fd);
        if (status / 100 != 2) {
                fprintf(stderr, "broken POST /v1/sessions: %d %s\n", status, reply);
                _exit(3);
        }
        *took = boot_ns() - start;
        for (;;)
                pause();
}

static void sessions(int count, const char *policy, const char *workspace)
{
        atomic_ullong *took = shared_page(NULL);
        static char text[1 << 16];
        int fd = NEED(open(policy, O_RDONLY | O_CLOEXEC));
        char *body;

        NEED(read(fd, text, sizeof(text) - 1));
        close(fd);
        NEED(asprintf(&body, "{\"policy\":%s,\"workspace\":\"%s\",\"agent\":\"sleeper\"}", text, workspace));
        printf("[");
        fflush(stdout);
        for (int i = 0; i < count; i++) {
                pid_t child;

                *took = 0;
                child = NEED(fork());
                if (child == 0) {
                        close(1);
                        setsid();
                        become_session(body, took);
                }
                AWAIT(*took || waitpid(child, NULL, WNOHANG) == child);
                errno = ECANCELED;
                NEED(*took ? 0 : -1);
                printf("%s%llu", i ? "," : "", (unsigned long long)*took);
        }
        printf("]\n");
}

int main(int argc, char **argv)
{
        const char *mode = argc > 1 ? argv[1] : "";

        if (!strcmp(mode, "act") && argc == 5 && atoi(argv[3]) < PLACES)
                act((struct place *)shared_page(argv[2]) + atoi(argv[3]), atol(argv[4]));
        else if (!strcmp(mode, "ask") && argc == 5)
                ask(shared_page(argv[2]), argv[3], atoi(argv[4]));
        else if (!strcmp(mode, "store") && argc == 5)
                store(shared_page(argv[2]), atoi(argv[3]), atoi(argv[4]));
        else if (!strcmp(mode, "signal") && argc == 3)
                signal_group(atoi(argv[2]));
        else if (!strcmp(mode, "order") && argc > 4)
                order((struct place *)shared_page(argv[2]) + atoi(argv[3]), argv + 4);
        else if (!strcmp(mode, "sessions") && argc == 5)
                sessions(atoi(argv[2]), argv[3], argv[4]);
        else
                return 2;
        return 0;
}
