/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/revoke.h"

#include "base/log.h"
#include "base/time.h"
#include "daemon/daemon.h"
#include "daemon/kill.h"
#include "daemon/process.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>

#define SLICE 20000000ull /* ns at a time: a kill must not wait for a session with many mappings */
#define LOOKS 3           /* with the tick, after the first */
#define PATIENCE 3        /* passes that find something; then the session is frozen, so that it forks no more */
#define MORE_PRIORITY 4   /* behind requests */

struct stopped {
        pid_t pid;
        uint64_t start;
};

static uint32_t action(const struct session *s)
{
        return policy_on_revoke(s->policy, s->ceilings.list);
}

static uint8_t rights(struct daemon *d, const struct session *s)
{
        return (uint8_t)(__atomic_load_n(&kernel_session(d->kernel, s->slot)->recheck, __ATOMIC_ACQUIRE) & HF_RIGHTS_ALL);
}

static bool was_stopped(const struct revoke *v, pid_t pid, uint64_t start)
{
        for (size_t i = 0; i < v->n_stopped; i++)
                if (v->stopped[i].pid == pid && v->stopped[i].start == start)
                        return true;
        return false;
}

/* One that cannot be noted is found, and stopped, again. */
static void note(struct revoke *v, pid_t pid, uint64_t start)
{
        struct stopped *more = reallocarray(v->stopped, v->n_stopped + 1, sizeof(*more));

        if (!more)
                return;
        more[v->n_stopped++] = (struct stopped){ pid, start };
        v->stopped = more;
}

/* Freezing reaches what is in the cgroup: a process that left it is brought back. */
static int bring_back(const struct session *s, pid_t pid)
{
        _cleanup_free_ char *cgroup = NULL;

        if (process_cgroup(pid, &cgroup) == 0 && cgroup_above(s->cgroup, cgroup))
                return 0;
        return cgroup_move(s->cgroup_fd, pid);
}

/* Pauses the session, unless it is. */
static int pause_for(struct daemon *d, struct session *s, pid_t pid)
{
        char reason[128];
        struct kill_request q = { .target = target_session(s->id), .strength = HF_KILL_PAUSE, .reason = reason, .actor = "holdfastd" };
        struct kill *k = NULL;

        if (!killset_paused(&d->kills, s->id, NULL)) {
                snprintf(reason, sizeof(reason), "process %d has mapped a file that the policy refuses it now", pid);
                if (kill_set(d, &q, &k, NULL) == 0)
                        kill_finish(d, k);
        }
        return bring_back(s, pid);
}

static void stop(struct daemon *d, struct session *s, pid_t pid, int pidfd)
{
        int r;

        log_warning("session %s: process %d has mapped a file that the policy refuses it now: %s", s->id, pid,
                    action(s) == HF_KILL_PAUSE ? "paused" : "killed");
        if (action(s) == HF_KILL_PAUSE) {
                r = pause_for(d, s, pid);
                if (r == 0)
                        return;
                log_warning("session %s: process %d is outside of its cgroup and cannot be frozen: %s; it is killed", s->id, pid,
                            strerror(-r));
        }
        if (syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0) < 0 && errno != ESRCH)
                log_error("session %s: cannot kill process %d: %s", s->id, pid, strerror(errno));
}

/* Looks at one process, and stops it where it has to be. Whether one more pass is needed: it was stopped now, or is not known. */
static bool look_at(struct daemon *d, struct session *s, pid_t pid)
{
        _cleanup_close_ int pidfd = process_open(pid); /* before looking: the pid cannot pass on while the handle lives */
        _cleanup_error_ struct error e = ERROR_INIT;
        struct revoke *v = &s->revoke;
        pid_t thread = process_thread(pid);
        struct process p;
        bool found = false;

        if (pidfd < 0 || process_read(pid, &p) < 0 || !process_alive(pidfd) || was_stopped(v, pid, p.start))
                return false;
        if (kernel_mappings(d->kernel, pid, thread, s->slot, rights(d, s), action(s), &found, &e) < 0) {
                log_error("session %s: %s; trying again", s->id, error_text(&e));
                v->looks = LOOKS;
                return false;
        }
        /* The thread that was looked through may have ended before; then the process is to be looked at again. */
        if (!found)
                return !process_runs(thread) && process_alive(pidfd);
        note(v, pid, p.start);
        stop(d, s, pid, pidfd);
        return true;
}

/* Lists the processes for the next pass. False: there is none to be made. */
static bool next_pass(struct daemon *d, struct session *s)
{
        _cleanup_error_ struct error e = ERROR_INIT;
        struct revoke *v = &s->revoke;

        if (v->passes && !v->found)
                return false;
        free(v->pids);
        v->pids = NULL;
        v->at = v->count = 0;
        v->found = false;
        if (session_members(d, s, &v->pids, &v->count, &e) < 0) {
                log_error("session %s: %s; trying again", s->id, error_text(&e));
                v->looks = LOOKS;
                return false;
        }
        if (++v->passes > PATIENCE && !v->frozen && !cgroup_freeze_asked(s->cgroup_fd))
                v->frozen = cgroup_freeze(s->cgroup_fd, true) == 0;
        return v->count > 0;
}

static void look_ends(struct daemon *d, struct session *s)
{
        struct revoke *v = &s->revoke;

        v->more = sd_event_source_disable_unref(v->more);
        free(v->pids);
        v->pids = NULL;
        v->at = v->count = 0;
        v->passes = 0;
        if (v->frozen)
                kill_freeze(d, s);
        v->frozen = false;
}

/* Works for one slice of time. */
static void work(struct daemon *d, struct session *s)
{
        const uint64_t until = time_now(CLOCK_MONOTONIC) + SLICE;
        struct revoke *v = &s->revoke;

        do {
                if (v->at < v->count) {
                        v->found |= look_at(d, s, v->pids[v->at++]);
                } else if (!next_pass(d, s)) {
                        look_ends(d, s);
                        return;
                }
        } while (time_now(CLOCK_MONOTONIC) < until);
}

static int on_more(sd_event_source *source, void *context)
{
        struct session *s = context;

        (void)source;
        if (s->live)
                work(s->daemon, s);
        return 0;
}

/* Begins a look, behind requests. */
static void look(struct daemon *d, struct session *s)
{
        struct revoke *v = &s->revoke;
        int r = sd_event_add_defer(d->event, &v->more, on_more, s);

        if (r >= 0)
                r = sd_event_source_set_priority(v->more, MORE_PRIORITY);
        if (r >= 0)
                r = sd_event_source_set_enabled(v->more, SD_EVENT_ON);
        if (r >= 0)
                return;
        log_error("session %s: cannot look at its mappings: %s; trying again", s->id, strerror(-r));
        v->more = sd_event_source_disable_unref(v->more);
        v->looks = LOOKS;
}

void revoke_start(struct daemon *d, struct session *s)
{
        struct revoke *v = &s->revoke;

        if (!s->live || !rights(d, s))
                return;
        look_ends(d, s);
        free(v->stopped);
        v->stopped = NULL;
        v->n_stopped = 0;
        v->looks = LOOKS;
        look(d, s);
}

void revoke_now(struct daemon *d, struct session *s)
{
        if (s->revoke.more)
                work(d, s);
}

void revoke_tick(struct daemon *d, struct session *s)
{
        struct revoke *v = &s->revoke;

        if (!v->looks || v->more)
                return;
        v->looks--;
        look(d, s);
}

int revoke_may_lift(struct daemon *d, struct session *s, const struct kill *k, struct error *e)
{
        _cleanup_free_ pid_t *list = NULL;
        size_t count = 0;
        bool found = false;
        int r;

        if (k->strength != HF_KILL_PAUSE || !s->live || !rights(d, s) || action(s) != HF_KILL_PAUSE)
                return 0;
        if (killset_paused(&d->kills, s->id, k))
                return 0;
        r = session_members(d, s, &list, &count, e);
        for (size_t j = 0; r == 0 && j < count; j++) {
                r = kernel_mappings(d->kernel, list[j], process_thread(list[j]), s->slot, rights(d, s), 0, &found, e);
                if (r == 0 && found)
                        return error_set(
                                e, -EBUSY,
                                "process %d of session %s has mapped a file that the policy refuses it, and would go on using it: apply a "
                                "policy that allows it first, or kill the session",
                                list[j], s->id);
        }
        return r;
}

void revoke_clear(struct revoke *v)
{
        sd_event_source_disable_unref(v->more);
        free(v->pids);
        free(v->stopped);
        *v = (struct revoke){ 0 };
}
