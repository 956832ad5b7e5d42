/* SPDX-License-Identifier: Apache-2.0 */
/* Processes that work on workspaces. */
#include "base/cleanup.h"
#include "base/json.h"
#include "base/log.h"
#include "base/time.h"
#include "daemon/daemon.h"
#include "daemon/events.h"
#include "daemon/workspace_job.h"
#include "daemon/workspaces.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#define MOST 16
#define MOST_USER 2 /* of one user but root, for whom there is always room for some */
#define KEPT_FREE 4
#define KEPT (60 * 1000000000ull) /* ns that an answer waits for who asked */
#define TEXT_MAX (32u << 20)
#define HEAD_MAX (1 << 20) /* bytes: FINDINGS_MAX of them at most, shortened */
#define HEAD 3             /* the job's descriptor of it */

struct job {
        struct daemon *daemon;
        struct job *next;
        sd_event_source *child;
        uint64_t number, ended; /* 0: it runs */
        int head, body;
        char *op, *actor, *id; /* for the event; op NULL: none */
        bool asked;            /* somebody waits for the answer */
        bool failed;           /* there is none */
        bool applies, empties;
        uid_t uid; /* who asked */
        pid_t pid;
};

static void forget(struct job *j)
{
        for (struct job **at = &j->daemon->jobs; *at; at = &(*at)->next) {
                if (*at != j)
                        continue;
                *at = j->next;
                break;
        }
        sd_event_source_disable_unref(j->child);
        cleanup_close(&j->head);
        cleanup_close(&j->body);
        free(j->op);
        free(j->actor);
        free(j->id);
        free(j);
}

/* The body, which may be large, is for who asked. */
static int read_head(const struct job *j, cJSON **ret)
{
        _cleanup_free_ char *text = malloc(HEAD_MAX);
        const ssize_t n = text ? pread(j->head, text, HEAD_MAX, 0) : -1;

        *ret = n > 0 && n < HEAD_MAX ? cJSON_ParseWithLength(text, (size_t)n) : NULL;
        return *ret ? 0 : -EIO;
}

static void report(struct job *j, const cJSON *head)
{
        const char *error = json_get_string(head, "error");
        char reason[256];
        uint64_t n = 0;
        cJSON *o;

        if (!j->op)
                return;
        o = event_begin(j->daemon, NULL, "admin", error ? "deny" : "allow", j->actor);
        if (error)
                snprintf(reason, sizeof(reason), "of workspace %.16s nothing was changed: %.160s", j->id, error);
        else if (json_get_u64(head, "applied", &n) == 0)
                snprintf(reason, sizeof(reason), "of workspace %.16s %llu changes were made so in the folder", j->id,
                         (unsigned long long)n);
        else
                snprintf(reason, sizeof(reason), "of workspace %.16s changes were made so in the folder until that ended early", j->id);
        if (o) {
                cJSON_AddStringToObject(o, "op", j->op);
                json_add_text(o, "reason", reason);
        }
        event_emit(j->daemon, o);
}

static int on_end(sd_event_source *source, const siginfo_t *info, void *context)
{
        _cleanup_json_ cJSON *head = NULL;
        struct job *j = context;
        struct daemon *d = j->daemon;
        bool empties;

        (void)source;
        if (info->si_code != CLD_EXITED || info->si_status != 0)
                log_warning("work on workspace %s ended with %s %d", j->id ? j->id : "-", info->si_code == CLD_EXITED ? "status" : "signal",
                            info->si_status);
        j->failed = info->si_code != CLD_EXITED || info->si_status != 0 || read_head(j, &head) < 0;
        if (json_get_string(head, "error") && !j->asked)
                log_warning("workspaces: %s", json_get_string(head, "error"));
        report(j, head);
        j->ended = time_now(CLOCK_MONOTONIC);
        if (j->failed && j->applies && j->id)
                workspaces_recover(d, j->id);
        empties = j->empties;
        if (!j->asked)
                forget(j);
        if (empties && d->empty_again)
                workspaces_empty(d);
        return 0;
}

static int input_of(const struct daemon *d, const cJSON *order)
{
        _cleanup_json_ cJSON *whole = cJSON_Duplicate(order, true);
        _cleanup_buffer_ struct buffer text = BUFFER_INIT;
        _cleanup_close_ int fd = memfd_create("order", MFD_CLOEXEC);
        _cleanup_free_ char *state = NULL;

        if (asprintf(&state, "%s/workspaces", d->config.state) < 0)
                state = NULL;
        if (!whole || !state || json_add_text(whole, "state", state) < 0 || json_print(&text, whole, TEXT_MAX) < 0)
                return -ENOMEM;
        if (fd < 0 || write(fd, text.data, text.length) != (ssize_t)text.length || lseek(fd, 0, SEEK_SET) < 0)
                return -errno;
        return TAKE_FD(fd);
}

static int spawn(int in, int body, int head, pid_t *ret)
{
        static char name[] = WORKSPACE_JOB_NAME;
        char *const arguments[] = { name, NULL }, *const environment[] = { NULL };
        posix_spawn_file_actions_t actions;
        posix_spawnattr_t attributes;
        sigset_t none, all;
        int r;

        sigemptyset(&none);
        sigfillset(&all);
        posix_spawn_file_actions_init(&actions);
        posix_spawnattr_init(&attributes);
        posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
        posix_spawn_file_actions_adddup2(&actions, body, STDOUT_FILENO);
        posix_spawn_file_actions_adddup2(&actions, head, HEAD);
        posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSID);
        posix_spawnattr_setsigmask(&attributes, &none);
        posix_spawnattr_setsigdefault(&attributes, &all);
        r = posix_spawn(ret, "/proc/self/exe", &actions, &attributes, arguments, environment);
        posix_spawn_file_actions_destroy(&actions);
        posix_spawnattr_destroy(&attributes);
        return -r;
}

/* How many run or wait; those whose asker went away are forgotten. */
static int count(struct daemon *d, uid_t uid, int *of_user)
{
        const uint64_t now = time_now(CLOCK_MONOTONIC);
        struct job *next;
        int n = 0;

        *of_user = 0;
        for (struct job *j = d->jobs; j; j = next) {
                next = j->next;
                if (j->ended && j->ended + KEPT < now) {
                        forget(j);
                        continue;
                }
                n += j->asked;
                *of_user += j->asked && j->uid == uid;
        }
        return n;
}

static int make_room(struct daemon *d, uid_t uid, struct error *e)
{
        int of_user, all = count(d, uid, &of_user);

        if (uid && of_user >= MOST_USER)
                return error_set(e, -EAGAIN, "%d pieces of your work on workspaces go on already: ask again later", of_user);
        if (all >= MOST - (uid ? KEPT_FREE : 0))
                return error_set(e, -EAGAIN, "%d pieces of work on workspaces go on already: ask again later", all);
        return 0;
}

bool jobs_empty(const struct daemon *d)
{
        for (const struct job *j = d->jobs; j; j = j->next)
                if (j->empties && !j->ended)
                        return true;
        return false;
}

static int fill(struct job *j, const cJSON *order, const char *op, const char *actor)
{
        const char *id = json_get_string(order, "id"), *what = json_get_string(order, "do");

        j->applies = what && !strcmp(what, "apply");
        j->empties = what && !strcmp(what, "empty");
        j->op = op ? strdup(op) : NULL;
        j->actor = actor ? strdup(actor) : NULL;
        j->id = id ? strdup(id) : NULL;
        j->body = memfd_create("answer", MFD_CLOEXEC);
        j->head = memfd_create("head", MFD_CLOEXEC);
        return (op && !j->op) || (actor && !j->actor) || (id && !j->id) || j->body < 0 || j->head < 0 ? -ENOMEM : 0;
}

int job_start(struct daemon *d, const cJSON *input, const char *op, const char *actor, uid_t uid, uint64_t *ret, struct error *e)
{
        _cleanup_close_ int in = input_of(d, input);
        struct job *j;
        int r;

        if (ret && make_room(d, uid, e) < 0)
                return -EAGAIN;
        j = in < 0 ? NULL : calloc(1, sizeof(*j));
        if (!j)
                return error_set(e, in < 0 ? in : -ENOMEM, "out of memory");
        *j = (struct job){ .daemon = d, .number = ++d->jobs_begun, .head = -1, .body = -1, .asked = ret != NULL, .uid = uid };
        j->next = d->jobs;
        d->jobs = j;
        r = fill(j, input, op, actor);
        if (r == 0)
                r = spawn(in, j->body, j->head, &j->pid);
        if (r == 0)
                r = sd_event_add_child(d->event, &j->child, j->pid, WEXITED, on_end, j);
        if (r < 0) {
                forget(j);
                return error_set(e, r, "cannot begin work on a workspace: %s", strerror(-r));
        }
        if (ret)
                *ret = j->number;
        return 0;
}

int job_answer(struct daemon *d, uint64_t number, cJSON **head, int *body)
{
        for (struct job *j = d->jobs; j; j = j->next) {
                int r;

                if (j->number != number)
                        continue;
                if (!j->ended)
                        return -EAGAIN;
                r = j->failed ? -EIO : read_head(j, head);
                if (r == 0)
                        *body = TAKE_FD(j->body);
                forget(j);
                return r;
        }
        return -ENOENT;
}

void workspaces_stop(struct daemon *d)
{
        while (d->jobs)
                forget(d->jobs);
}
