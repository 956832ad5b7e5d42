/* SPDX-License-Identifier: Apache-2.0 */
/* Taking processes into a session so that no task of theirs is left out, and none that merely has the same pid is taken. */
#include "base/log.h"
#include "daemon/access.h"
#include "daemon/daemon.h"
#include "daemon/process.h"

#include <string.h>

#define ROUNDS 100    /* of looking again for what was forked meanwhile */
#define GATHERINGS 20 /* of moving what was */
#define PATIENCE 4    /* of them, after which nothing more may be forked */
#define MOVES_BACK (1 << 20)

/* Opens the process and makes sure that it is the one that asked, or was named, and the user's own to confine. */
static int attest(pid_t pid, uint64_t start, const struct peer *peer, int *ret, struct error *e)
{
        _cleanup_close_ int pidfd = process_open(pid); /* before looking: the pid cannot pass on while the handle lives */
        struct process p;
        uid_t uid = 0;
        int r;

        if (pidfd < 0 || process_read(pid, &p) < 0 || !process_lives(&p))
                return error_set(e, -ESRCH, "there is no process %d", pid);
        if (start && !process_same_start(start, p.start))
                return error_set(e, -ESRCH, "process %d is not the one that asked", pid);
        r = process_uid(pid, &uid);
        if (peer->uid != 0 && (r < 0 || uid != peer->uid))
                return error_set(e, -EPERM, "process %d does not run as you: only root may confine another user's process", pid);
        if (!process_alive(pidfd))
                return error_set(e, -ESRCH, "process %d has ended", pid);
        *ret = TAKE_FD(pidfd);
        return 0;
}

/* Where a process was before it was moved into the session's cgroup. */
struct origin {
        pid_t pid;
        char *cgroup;
};

/* 1 where it was not there yet. */
static int note_origin(struct session *s, pid_t pid)
{
        _cleanup_free_ char *cgroup = NULL;
        struct origin *more;
        int r = process_cgroup(process_thread(pid), &cgroup); /* a first thread that has ended stays where it was */

        if (r < 0)
                return r;
        if (cgroup_above(s->cgroup, cgroup))
                return 0;
        more = reallocarray(s->origins, s->n_origins + 1, sizeof(*more));
        if (!more)
                return -ENOMEM;
        s->origins = more;
        s->origins[s->n_origins++] = (struct origin){ pid, TAKE_PTR(cgroup) };
        return 1;
}

void session_origins_clear(struct session *s)
{
        for (size_t i = 0; i < s->n_origins; i++)
                free(s->origins[i].cgroup);
        free(s->origins);
        s->origins = NULL;
        s->n_origins = 0;
}

static int take(struct session *s, pid_t pid, uint64_t start, const struct peer *peer, struct error *e)
{
        _cleanup_close_ int pidfd = -1;
        int r = attest(pid, start, peer, &pidfd, e);

        if (r < 0)
                return r;
        r = note_origin(s, pid);
        if (r >= 0)
                r = cgroup_move(s->cgroup_fd, pid);
        if (r < 0)
                return error_set(e, r, "cannot move process %d to its session's cgroup: %s", pid, strerror(-r));
        return process_alive(pidfd) ? 0 : error_set(e, -ESRCH, "process %d ended while it was taken in", pid);
}

/*
 * Stamps what is in the cgroup, and what descends from root (0: none), until a look over all tasks finds nothing that was left out. A
 * user but root takes in none that is not theirs, as the one that another user's program started for them is not.
 */
static int stamp_all(struct daemon *d, struct session *s, pid_t root, const struct peer *peer, struct error *e)
{
        const uint32_t owner = peer->uid ? peer->uid : HF_ANYBODY;

        for (int i = 0; i < ROUNDS; i++) {
                uint32_t count = 0;
                int r = kernel_stamp(d->kernel, s->cgroup_id, root, owner, s->slot, &count, e);

                if (r < 0 || count == 0)
                        return r;
        }
        return error_set(e, -EAGAIN, "new tasks kept appearing in %s: stop what starts them, and attach again", s->cgroup);
}

/* Moves those of the session's processes that are not in its cgroup. Returns how many were outside and may fork, or have. */
static int gather(struct daemon *d, struct session *s, struct error *e)
{
        _cleanup_free_ pid_t *list = NULL;
        size_t count = 0;
        int r = session_members(d, s, &list, &count, e), outside = 0;

        for (size_t i = 0; r == 0 && i < count; i++) {
                struct process p;
                int place = note_origin(s, list[i]);

                if (place == 0 || (process_read(list[i], &p) == 0 && !process_lives(&p)))
                        continue;
                if (place > 0)
                        cgroup_move(s->cgroup_fd, list[i]);
                outside++;
        }
        return r < 0 ? r : outside;
}

/*
 * The process, then all that descends from it, is confined by its stamp; only then is it brought into the session's cgroup, for the
 * limits' sake and so that it can be frozen. What forks faster than it can be moved may not fork for so long.
 */
static int move_tree(struct daemon *d, struct session *s, const struct session_request *q, struct error *e)
{
        struct hf_session *record = kernel_session(d->kernel, s->slot);
        int r = take(s, q->pid, q->start, q->peer, e);

        if (r == 0)
                r = stamp_all(d, s, q->pid, q->peer, e);
        if (r < 0)
                return r;
        for (int i = 0; i < GATHERINGS && (r = gather(d, s, e)) > 0; i++)
                __atomic_store_n(&record->gathered, i >= PATIENCE, __ATOMIC_RELEASE);
        __atomic_store_n(&record->gathered, 0, __ATOMIC_RELEASE);
        if (r > 0)
                r = error_set(e, -EBUSY, "%d of the processes cannot be brought into cgroup %s, where they could be frozen", r, s->cgroup);
        return r;
}

int session_freeze(struct session *s, struct error *e)
{
        if (!s->frozen && !cgroup_freeze_asked(s->cgroup_fd))
                s->frozen = cgroup_freeze(s->cgroup_fd, true) == 0;
        if (cgroup_wait_frozen(s->cgroup_fd) == 0)
                return 0;
        return error_set(e, -EBUSY, "a process in %s cannot be frozen, so it cannot be looked at: it waits for what nothing interrupts",
                         s->cgroup);
}

void session_thaw(struct session *s)
{
        if (s->frozen)
                cgroup_freeze(s->cgroup_fd, false);
        s->frozen = false;
}

/* Back to where the process came from; what it forked meanwhile, to where the first one did. */
static int move_back(struct daemon *d, struct session *s, pid_t pid)
{
        const struct origin *from = s->n_origins ? &s->origins[0] : NULL;
        _cleanup_close_ int fd = -1;

        for (size_t i = 0; i < s->n_origins; i++)
                if (s->origins[i].pid == pid)
                        from = &s->origins[i];
        if (from)
                fd = cgroup_open(&d->cgroups, from->cgroup);
        /* What is empty is often removed. */
        if (fd < 0)
                fd = cgroup_open(&d->cgroups, "/");
        return fd < 0 ? fd : cgroup_move(fd, pid);
}

void session_let_go(struct daemon *d, struct session *s)
{
        uint32_t count = 1;
        pid_t pid = 0;
        int r = 0;

        if (s->attach != ATTACH_EXEC)
                session_freeze(s, NULL);
        if (s->tied)
                kernel_cgroup_remove(d->kernel, s->cgroup_id);
        s->tied = false;
        for (int i = 0; r == 0 && count && i < ROUNDS; i++)
                r = kernel_release(d->kernel, s->slot, &count, NULL);
        if (r < 0 || count)
                log_error("session %s could not be, and some of its processes stay refused everything: end them", s->id);
        r = 0;
        for (int i = 0; i < MOVES_BACK && s->made_cgroup && (pid = cgroup_first(s->cgroup_fd)) > 0; i++)
                if ((r = move_back(d, s, pid)) < 0 && r != -ESRCH) /* it may have ended */
                        break;
        if (r < 0 && r != -ESRCH)
                log_warning("process %d cannot be moved back to the cgroup that it came from: %s", pid, strerror(-r));
        session_thaw(s);
}

int session_move(struct daemon *d, struct session *s, const struct session_request *q, struct error *e)
{
        int r;

        if (q->attach == ATTACH_CGROUP) {
                /* Frozen, nothing forks between two looks. Where it cannot freeze in time, the looks go on until one finds nothing. */
                session_freeze(s, NULL);
                return stamp_all(d, s, 0, q->peer, e);
        }
        if (q->attach == ATTACH_PID)
                return move_tree(d, s, q, e);
        r = take(s, q->pid, q->start, q->peer, e);
        return r < 0 ? r : stamp_all(d, s, 0, q->peer, e);
}
