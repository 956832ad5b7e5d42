/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/canary.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "base/time.h"
#include "cli/agent.h"
#include "cli/client.h"
#include "cli/command.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define FILE_NAME "canary"
#define TEXT_LENGTH 20
#define PAUSE_PERMITTED 200000ll /* ns between rounds: it must not be a burden */
#define PAUSE_REFUSED 20000000ll /* each refusal is an event in the stream */
#define PAUSE_WAITING 2000000ll

static void rest(long long ns)
{
        const struct timespec time = { 0, ns };

        nanosleep(&time, NULL);
}

/* ---- the canary itself ------------------------------------------------------------------------------------------------------- */

static void refuse(struct canary_seen *seen, const char *why)
{
        snprintf(seen->why, sizeof(seen->why), "%s", why);
        __atomic_store_n(&seen->state, CANARY_REFUSED, __ATOMIC_RELEASE);
        _exit(1);
}

/* Nothing that the drill has goes with it, but for standard error until it is confined. */
static void detach(const struct canary *c, pid_t drill)
{
        const struct sigaction fresh = { .sa_handler = SIG_DFL };
        int null = open("/dev/null", O_RDWR);

        sigaction(SIGINT, &fresh, NULL);
        sigaction(SIGTERM, &fresh, NULL);
        sigaction(SIGHUP, &fresh, NULL);
        setpgid(0, 0);
        if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0 || dup2(null, 2) < 0)
                refuse(c->seen, "cannot open /dev/null");
        if (c->uid && (setgroups(0, NULL) < 0 || setresgid(c->uid, c->uid, c->uid) < 0 || setresuid(c->uid, c->uid, c->uid) < 0))
                refuse(c->seen, "cannot become another user");
        if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != drill)
                refuse(c->seen, "the drill is gone");
}

static void begin_session(const struct canary *c, const char *socket)
{
        _cleanup_json_ cJSON *body = cJSON_CreateObject();
        struct client_reply reply = { .quiet = true };
        const char *id;

        if (chdir(c->folder) < 0)
                refuse(c->seen, "cannot enter its folder");
        agent_add(body, c->agent);
        json_add_text(body, "workspace", c->folder);
        cJSON_AddItemReferenceToObject(body, "policy", (cJSON *)c->policy);
        if (client_ask(socket, "POST", "/v1/sessions", body, &reply) != STATUS_DONE)
                refuse(c->seen, client_problem(&reply));
        id = json_get_string(reply.json, "id");
        if (!id)
                refuse(c->seen, "the daemon's answer has no session");
        snprintf(c->seen->session, sizeof(c->seen->session), "%s", id);
        client_reply_clear(&reply);
        close_range(3, ~0U, 0);
}

static void count(struct canary_seen *seen, bool permitted, uint64_t begun)
{
        if (!permitted) {
                __atomic_add_fetch(&seen->refused, 1, __ATOMIC_RELEASE);
                return;
        }
        __atomic_store_n(&seen->times[seen->permitted % CANARY_TIMES], begun, __ATOMIC_RELAXED);
        __atomic_add_fetch(&seen->permitted, 1, __ATOMIC_RELEASE);
}

/* Writes the time into the file; fd < 0: which is opened for it, and is returned open. */
static int act(struct canary_seen *seen, int fd)
{
        uint64_t begun = time_now(CLOCK_BOOTTIME);
        char text[TEXT_LENGTH + 1];
        bool permitted;

        snprintf(text, sizeof(text), "%020" PRIu64, begun);
        if (fd < 0)
                fd = open(FILE_NAME, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        permitted = fd >= 0 && pwrite(fd, text, TEXT_LENGTH, 0) == TEXT_LENGTH;
        count(seen, permitted, begun);
        if (permitted || fd < 0)
                return fd;
        close(fd);
        return -1;
}

static _Noreturn void canary_main(const struct canary *c, const char *socket, pid_t drill)
{
        struct canary_seen *seen = c->seen;
        int held = -1;

        detach(c, drill);
        begin_session(c, socket);
        __atomic_store_n(&seen->state, CANARY_RUNS, __ATOMIC_RELEASE);
        for (;;) {
                int opened = act(seen, -1);

                if (held >= 0)
                        held = act(seen, held);
                if (held < 0)
                        held = opened;
                else if (opened >= 0)
                        close(opened);
                __atomic_add_fetch(&seen->rounds, 1, __ATOMIC_RELEASE);
                rest(opened >= 0 ? PAUSE_PERMITTED : PAUSE_REFUSED);
        }
}

/* ---- the drill's side -------------------------------------------------------------------------------------------------------- */

static int prepare(struct canary *c, const char *within)
{
        void *memory = c->seen;

        if (!memory)
                memory = mmap(NULL, sizeof(*c->seen), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED)
                return -errno;
        c->seen = memory;
        memset(c->seen, 0, sizeof(*c->seen));
        c->status = 0;
        if (snprintf(c->folder, sizeof(c->folder), "%s/%s", within, c->name) >= (int)sizeof(c->folder))
                return -ENAMETOOLONG;
        if (mkdir(c->folder, 0700) < 0 || (c->uid && chown(c->folder, c->uid, c->uid) < 0))
                return -errno;
        return 0;
}

static int await_session(struct canary *c, unsigned seconds, const volatile int *stop)
{
        uint64_t until = time_now(CLOCK_BOOTTIME) + seconds * 1000000000ull;
        uint32_t state;

        while ((state = __atomic_load_n(&c->seen->state, __ATOMIC_ACQUIRE)) == CANARY_STARTING) {
                if (*stop)
                        return -EINTR;
                if (canary_gone(c) && __atomic_load_n(&c->seen->state, __ATOMIC_ACQUIRE) == CANARY_STARTING)
                        snprintf(c->seen->why, sizeof(c->seen->why), "its process ended");
                else if (time_now(CLOCK_BOOTTIME) > until)
                        snprintf(c->seen->why, sizeof(c->seen->why), "no session began within %u s", seconds);
                else {
                        rest(PAUSE_WAITING);
                        continue;
                }
                return -ENOENT;
        }
        return state == CANARY_RUNS ? 0 : -ENOENT;
}

int canary_start(struct canary *c, const char *socket, const char *within, unsigned seconds, const volatile int *stop)
{
        pid_t drill = getpid();
        int r = prepare(c, within);

        if (r < 0)
                return r;
        fflush(NULL);
        c->pid = fork();
        if (c->pid == 0)
                canary_main(c, socket, drill);
        if (c->pid < 0) {
                c->pid = 0;
                r = -errno;
        } else {
                r = await_session(c, seconds, stop);
        }
        if (r < 0)
                canary_end(c);
        return r;
}

bool canary_gone(struct canary *c)
{
        if (c->pid > 0 && waitpid(c->pid, &c->status, WNOHANG) != 0)
                c->pid = 0;
        return !c->pid;
}

void canary_end(struct canary *c)
{
        char path[PATH_MAX + sizeof(FILE_NAME) + 1];

        if (c->pid > 0) {
                kill(c->pid, SIGKILL);
                while (waitpid(c->pid, &c->status, 0) < 0 && errno == EINTR)
                        ;
                c->pid = 0;
        }
        if (!*c->folder)
                return;
        snprintf(path, sizeof(path), "%s/" FILE_NAME, c->folder);
        unlink(path);
        rmdir(c->folder);
        c->folder[0] = '\0';
}

void canary_free(struct canary *c)
{
        if (c->seen)
                munmap(c->seen, sizeof(*c->seen));
        c->seen = NULL;
}

/* What the file says, which a canary that was killed between its action and telling of it has written too. */
static uint64_t written(const struct canary *c)
{
        char path[PATH_MAX + sizeof(FILE_NAME) + 1], text[TEXT_LENGTH + 1] = "";
        _cleanup_close_ int fd = -1;

        snprintf(path, sizeof(path), "%s/" FILE_NAME, c->folder);
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
        return fd >= 0 && read(fd, text, TEXT_LENGTH) == TEXT_LENGTH ? strtoull(text, NULL, 10) : 0;
}

uint64_t canary_last(const struct canary *c)
{
        uint64_t last = written(c);

        for (size_t i = 0; i < CANARY_TIMES; i++) {
                uint64_t time = __atomic_load_n(&c->seen->times[i], __ATOMIC_RELAXED);

                last = time > last ? time : last;
        }
        return last;
}

unsigned canary_after(const struct canary *c, uint64_t time)
{
        unsigned n = 0;

        for (size_t i = 0; i < CANARY_TIMES; i++)
                n += __atomic_load_n(&c->seen->times[i], __ATOMIC_RELAXED) > time;
        return n ? n : written(c) > time;
}
