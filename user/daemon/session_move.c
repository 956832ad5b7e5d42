/* SPDX-License-Identifier: Apache-2.0 */
/* Taking processes into a session so that no task of theirs is left out, and none that merely has the same pid is taken. */
#include "daemon/access.h"
#include "daemon/daemon.h"
#include "daemon/process.h"

#include <string.h>

#define ROUNDS 100 /* of looking again for what was forked meanwhile */

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

static int take(struct session *s, pid_t pid, uint64_t start, const struct peer *peer, struct error *e)
{
        _cleanup_close_ int pidfd = -1;
        int r = attest(pid, start, peer, &pidfd, e);

        if (r < 0)
                return r;
        r = cgroup_move(s->cgroup_fd, pid);
        if (r < 0)
                return error_set(e, r, "cannot move process %d to its session's cgroup: %s", pid, strerror(-r));
        return process_alive(pidfd) ? 0 : error_set(e, -ESRCH, "process %d ended while it was taken in", pid);
}

/* Stamps until a look over all tasks finds nothing that was left out. */
static int stamp_all(struct daemon *d, struct session *s, struct error *e)
{
        for (int i = 0; i < ROUNDS; i++) {
                uint32_t count = 0;
                int r = kernel_stamp(d->kernel, s->cgroup_id, s->slot, &count, e);

                if (r < 0 || count == 0)
                        return r;
        }
        return error_set(e, -EAGAIN, "new tasks kept appearing in %s: stop what starts them, and attach again", s->cgroup);
}

static bool listed(const pid_t *list, size_t count, pid_t pid)
{
        for (size_t i = 0; i < count; i++)
                if (list[i] == pid)
                        return true;
        return false;
}

/* Takes those of the tree that are not in yet. Returns how many they were. What ends meanwhile needs no confinement. */
static int take_tree(struct session *s, const struct session_request *q, pid_t **taken, size_t *n_taken, struct error *e)
{
        _cleanup_free_ pid_t *tree = NULL;
        size_t count = 0;
        pid_t *list;
        int new = 0, r = process_tree(q->pid, &tree, &count);

        if (r < 0)
                return error_set(e, r, "cannot list the processes below %d: %s", q->pid, strerror(-r));
        list = reallocarray(*taken, *n_taken + count, sizeof(**taken));
        if (!list)
                return error_set(e, -ENOMEM, "out of memory");
        *taken = list;
        for (size_t i = 0; i < count; i++) {
                if (listed(list, *n_taken, tree[i]))
                        continue;
                r = take(s, tree[i], tree[i] == q->pid ? q->start : 0, q->peer, e);
                if (r < 0 && (r != -ESRCH || tree[i] == q->pid))
                        return r;
                list[(*n_taken)++] = tree[i];
                new ++;
        }
        return new;
}

/* The cgroup is frozen, so what is in it forks no more; what is not yet in it is found by the next look. */
static int move_tree(struct daemon *d, struct session *s, const struct session_request *q, struct error *e)
{
        _cleanup_free_ pid_t *taken = NULL;
        size_t count = 0;
        int r = cgroup_freeze(s->cgroup_fd, true);

        if (r < 0)
                return error_set(e, r, "cannot freeze %s: %s", s->cgroup, strerror(-r));
        for (int i = 0; i < ROUNDS; i++) {
                r = take_tree(s, q, &taken, &count, e);
                if (r <= 0)
                        break;
        }
        if (r > 0)
                r = error_set(e, -EAGAIN, "process %d keeps making children: stop it first, with SIGSTOP, and attach again", q->pid);
        if (r == 0)
                r = stamp_all(d, s, e);
        cgroup_freeze(s->cgroup_fd, false);
        return r;
}

static int stamp_cgroup(struct daemon *d, struct session *s, struct error *e)
{
        bool frozen = cgroup_freeze_asked(s->cgroup_fd);
        int r;

        /* Frozen, nothing forks between two looks. Where it cannot freeze in time, the looks go on until one finds nothing. */
        if (!frozen && cgroup_freeze(s->cgroup_fd, true) == 0)
                cgroup_wait_frozen(s->cgroup_fd);
        r = stamp_all(d, s, e);
        if (!frozen)
                cgroup_freeze(s->cgroup_fd, false);
        return r;
}

int session_move(struct daemon *d, struct session *s, const struct session_request *q, struct error *e)
{
        int r;

        if (q->attach == ATTACH_CGROUP)
                return stamp_cgroup(d, s, e);
        if (q->attach == ATTACH_PID)
                return move_tree(d, s, q, e);
        r = take(s, q->pid, q->start, q->peer, e);
        return r < 0 ? r : stamp_all(d, s, e);
}
