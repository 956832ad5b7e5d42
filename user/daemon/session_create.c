/* SPDX-License-Identifier: Apache-2.0 */
/* How a session begins: everything that will confine it is in force before the first process is taken in. */
#include "base/json.h"
#include "base/log.h"
#include "base/paths.h"
#include "base/time.h"
#include "daemon/access.h"
#include "daemon/control.h"
#include "daemon/daemon.h"
#include "daemon/events.h"
#include "daemon/file.h"
#include "daemon/fsview.h"
#include "daemon/process.h"
#include "daemon/throttle.h"
#include "daemon/workspaces.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

DEFINE_CLEANUP(struct compiled *, compiled_free)

static int set(char **field, const char *value)
{
        *field = strdup(value ? value : "");
        return *field ? 0 : -ENOMEM;
}

/* A cgroup that someone else made. Not one that holds the host up, nor one that belongs to a session. */
static int find_cgroup(struct daemon *d, struct session *s, const char *given, struct error *e)
{
        _cleanup_free_ char *own = NULL, *init = NULL;
        int r = cgroup_path(&d->cgroups, given, &s->cgroup);

        if (r < 0)
                return error_set(e, r, "%s is not the path of a cgroup, from %s or from the root of the hierarchy", given,
                                 d->cgroups.mount);
        process_cgroup(getpid(), &own);
        process_cgroup(1, &init);
        if (!own || cgroup_above(s->cgroup, own) || (init && cgroup_above(s->cgroup, init)))
                return error_set(e, -EPERM, "%s holds holdfastd itself or process 1, which no session may", s->cgroup);
        for (size_t i = 0; i < d->sessions.count; i++) {
                const struct session *x = d->sessions.list[i];

                if (x->live && (cgroup_above(s->cgroup, x->cgroup) || cgroup_above(x->cgroup, s->cgroup)))
                        return error_set(e, -EBUSY, "%s overlaps the cgroup of session %s", s->cgroup, x->id);
        }
        s->cgroup_fd = cgroup_open(&d->cgroups, s->cgroup);
        if (s->cgroup_fd < 0)
                return error_set(e, s->cgroup_fd, "cannot open cgroup %s: %s", s->cgroup, strerror(-s->cgroup_fd));
        s->pid = cgroup_first(s->cgroup_fd);
        return s->pid > 0 ? 0 : error_set(e, -EBUSY, "there is no process in cgroup %s", s->cgroup);
}

struct search {
        pid_t pid;
        bool found;
};

static void compare(void *context, pid_t pid)
{
        struct search *search = context;

        search->found = search->found || pid == search->pid;
}

/* A process that is in a session already stays in it. One look over all tasks tells of most that they are in none. */
static int not_in_session(struct daemon *d, pid_t pid, struct error *e)
{
        struct search search = { .pid = pid };

        if (kernel_members(d->kernel, 0, compare, &search, NULL) == 0 && !search.found)
                return 0;
        for (size_t i = 0; i < d->sessions.count; i++) {
                const struct session *x = d->sessions.list[i];
                _cleanup_free_ pid_t *members = NULL;
                size_t count = 0;

                if (!x->live || session_members(d, x, &members, &count, NULL) < 0)
                        continue;
                for (size_t j = 0; j < count; j++)
                        if (members[j] == pid)
                                return error_set(e, -EBUSY, "process %d is in session %s already", pid, x->id);
        }
        return 0;
}

static int find_processes(struct daemon *d, struct session *s, const struct session_request *q, struct error *e)
{
        uid_t uid = q->peer->uid;

        if (q->attach == ATTACH_CGROUP) {
                int r = find_cgroup(d, s, q->cgroup, e);

                if (r < 0)
                        return r;
        } else {
                s->pid = q->pid;
                if (s->pid == 1 || s->pid == getpid())
                        return error_set(e, -EPERM, "process %d holds the host up: it cannot be confined", s->pid);
        }
        /* A session is one user's. What root attaches stays its owner's. */
        if (q->attach != ATTACH_RUN && q->peer->uid == 0)
                process_uid(s->pid, &uid);
        s->uid = uid;
        return q->attach == ATTACH_PID ? not_in_session(d, s->pid, e) : 0;
}

/* The folder that ${WORKSPACE} stands for: what was asked for, else where the process is. */
static int find_workspace(struct session *s, const char *given, struct error *e)
{
        _cleanup_fsview_ struct fsview view = FSVIEW_INIT;
        char path[64];
        int r;

        snprintf(path, sizeof(path), "/proc/%d/cwd", s->pid);
        if (given)
                r = set(&s->workspace, given);
        else
                r = file_readlink(AT_FDCWD, path, &s->workspace);
        if (r == -ENOENT && !process_runs(s->pid))
                return error_set(e, -EINVAL, "process %d: its first thread has ended, and what others have cannot be looked at", s->pid);
        if (r < 0)
                return error_set(e, r, "cannot tell where process %d is: %s", s->pid, strerror(-r));
        if (s->workspace[0] != '/')
                return error_set(e, -EINVAL, "workspace: expected an absolute path, found \"%s\"", s->workspace);
        if (!s->workspace[strspn(s->workspace, "/")])
                return error_set(e, -EINVAL,
                                 "the workspace would be the whole file system: give a folder with --workspace, or begin in one");
        r = fsview_open(&view, s->pid);
        if (r == 0)
                r = fsview_folder(&view, s->workspace);
        return r < 0 ? error_set(e, r == -ESRCH ? r : -EINVAL, "workspace %s: %s", s->workspace, strerror(-r)) : 0;
}

static int describe(struct session *s, const struct session_request *q, struct error *e)
{
        struct process p;
        int r = process_read(s->pid, &p);

        if (r < 0)
                return error_set(e, -ESRCH, "there is no process %d", s->pid);
        r = user_lookup(s->uid, &s->user, &s->home);
        if (r == 0)
                r = set(&s->name, q->name);
        if (r == 0)
                r = set(&s->agent, q->agent ? q->agent : p.comm);
        if (r == 0)
                r = set(&s->version, q->version);
        return r < 0 ? error_set(e, r, "out of memory") : find_workspace(s, q->workspace, e);
}

static int make_cgroup(struct daemon *d, struct session *s, struct error *e)
{
        int r;

        if (s->attach != ATTACH_CGROUP) {
                if (asprintf(&s->cgroup, "/%s/%s", PATH_CGROUPS, s->id) < 0) {
                        s->cgroup = NULL;
                        return error_set(e, -ENOMEM, "out of memory");
                }
                r = cgroup_make(&d->cgroups, s->cgroup);
                if (r < 0)
                        return error_set(e, r, "cannot make cgroup %s: %s", s->cgroup, strerror(-r));
                s->made_cgroup = true;
                s->cgroup_fd = cgroup_open(&d->cgroups, s->cgroup);
                if (s->cgroup_fd < 0)
                        return error_set(e, s->cgroup_fd, "cannot open cgroup %s: %s", s->cgroup, strerror(-s->cgroup_fd));
        }
        r = cgroup_id(s->cgroup_fd, &s->cgroup_id);
        return r < 0 ? error_set(e, r, "cannot tell the id of cgroup %s: %s", s->cgroup, strerror(-r)) : 0;
}

/* Writes policy and record. From here on what has the slot's stamp is confined. */
static int install(struct daemon *d, struct session *s, struct compiled *c, struct error *e)
{
        struct hf_session *record = kernel_session(d->kernel, s->slot);
        int r;

        *kernel_policy(d->kernel, s->policy_id) =
                (struct hf_policy){ .active = c->active, .killed = killset_capabilities(&d->kills, s, s->policy) };
        r = keeper_policy_load(d, s->policy_id, c, &s->unverified, e);
        if (r < 0) {
                *kernel_policy(d->kernel, s->policy_id) = (struct hf_policy){ 0 };
                return r;
        }
        s->loaded = true;
        r = resolver_prepare(d, s, s->pid, s->policy_id, c->hosts, e);
        if (r < 0)
                return r;
        kernel_look(d->kernel);
        __atomic_store_n(&record->kill, HF_KILL_SETUP, __ATOMIC_RELEASE);
        record->generation = s->generation;
        record->lost = 0;
        memset(record->lost_kinds, 0, sizeof(record->lost_kinds));
        memset(record->held, 0, sizeof(record->held));
        record->denials = 0;
        record->sent = record->taken = 0;
        record->connections_sent = record->connections_taken = 0;
        record->ipcs = 0;
        record->flows = 0;
        record->stopped = 0;
        record->gathered = 0;
        control_set(d, s, s->policy, &s->ceilings);
        throttle_switched(d, s, s->policy_id);
        limits_begin(d, s);
        resolver_switched(d, s, 0);
        /*
         * It may have files open that the policy does not allow. What it has read or runs already it has; it may not go on writing. What
         * executes a program leaves its memory.
         */
        record->recheck = s->attach == ATTACH_RUN ? 0 : s->attach == ATTACH_EXEC ? HF_RECHECK_OPEN : HF_WRITE;
        __atomic_store_n(&record->policy, s->policy_id, __ATOMIC_RELEASE);
        __atomic_store_n(&record->kill, killset_bits(&d->kills, s), __ATOMIC_RELEASE);
        s->installed = true;
        r = kernel_join(d->kernel, s->cgroup_fd, s->cgroup_id, s->slot, e);
        if (r < 0)
                return r;
        r = kernel_cgroup_add(d->kernel, s->cgroup_id, s->slot, e);
        s->tied = r >= 0;
        return r;
}

static int limit(struct session *s, struct compiled *c, struct findings *findings, struct error *e)
{
        int r = cgroup_limit(s->cgroup_fd, &c->limits, s->made_cgroup, findings);

        if (r >= 0)
                r = limits_check(&c->limits, findings);
        if (r >= 0)
                r = trips_check(s->cgroup_fd, s->policy, &s->ceilings, findings);
        return r < 0 ? error_set(e, r, "the host cannot keep a limit of the policy, or of a ceiling over it") : 0;
}

static int begin(struct daemon *d, struct session *s, const struct session_request *q, struct compiled *c, struct findings *findings,
                 struct error *e)
{
        int r = make_cgroup(d, s, e);

        if (r >= 0 && s->made_cgroup)
                r = limit(s, c, findings, e);
        if (r < 0)
                return r;
        /* On record before anything is confined: a crash from here on leaves a session that the next daemon finds. */
        r = store_session_add(d->store, s, e);
        if (r >= 0)
                r = install(d, s, c, e);
        if (r >= 0)
                r = session_move(d, s, q, e);
        /* What executes a program waits for the daemon as it is, and cannot be frozen. */
        if (r >= 0 && s->attach != ATTACH_RUN && s->attach != ATTACH_EXEC)
                r = session_freeze(s, e);
        if (r >= 0 && s->attach != ATTACH_RUN)
                r = found_look(d, s, q->peer->uid, &s->found, findings, e);
        /* Somebody's cgroup keeps its own limits where there is no session. */
        if (r >= 0 && !s->made_cgroup)
                r = limit(s, c, findings, e);
        if (r >= 0)
                r = session_watch(d, s, e);
        if (r >= 0 && (r = sessions_add(&d->sessions, s)) < 0)
                error_set(e, r, "out of memory");
        return r;
}

static int reserve(struct daemon *d, struct session *s, struct error *e)
{
        int r = sessions_take_slot(&d->sessions, &s->slot);

        if (r < 0)
                return error_set(e, r, "all %d sessions that the kernel can hold are in use", HF_SLOTS - 1);
        r = sessions_take_policy(&d->sessions, &s->policy_id);
        return r < 0 ? error_set(e, r, "all %d policies that the kernel can hold are in use", HF_POLICIES - 1) : 0;
}

/* A pause too: a session that begins frozen would be of no use to whoever waits for it. */
static int refuse_when_killed(struct daemon *d, const struct session *s, struct error *e)
{
        const struct kill *k = killset_strictest(&d->kills, s);
        char text[TARGET_TEXT_SIZE] = "everything";
        const bool all = !k || k->target.scope == KILL_ALL;

        if (!k && !__atomic_load_n(&kernel_host(d->kernel)->kill, __ATOMIC_ACQUIRE))
                return 0;
        return error_set(e, -EACCES, "%s is %s%s%s: no session%s may begin until that is lifted",
                         all ? text : target_text(&k->target, text), kill_state(k ? k->strength : HF_KILL_DENY),
                         k && *k->reason ? ", because " : "", k ? k->reason : "", all ? "" : " of it");
}

static void undo(struct daemon *d, struct session *s)
{
        if (s->installed && s->attach != ATTACH_RUN)
                session_let_go(d, s);
        if (s->policy_id && !s->loaded)
                d->sessions.policies[s->policy_id] = false;
        session_release(d, s);
        workspaces_undo(d, s);
        store_session_delete(d->store, s->id, NULL);
        session_free(s);
}

static void report(struct daemon *d, struct session *s, const struct peer *peer)
{
        char actor[ACTOR_SIZE];
        cJSON *o = event_begin(d, s, "session", "allow", peer_actor(peer, actor));

        if (o) {
                cJSON_AddStringToObject(o, "op", "start");
                cJSON_AddStringToObject(o, "attach", attach_name(s->attach));
                json_add_text(o, "policy", s->policy_name);
                json_add_text(o, "workspace", s->workspace);
                json_add_text(o, "reason", "the session began");
        }
        event_emit(d, o);
        log_info("session %s: %s of %s under policy %s, process %d", s->id, s->agent, s->user, s->policy_name, s->pid);
}

static int prepare(struct daemon *d, struct session *s, const struct session_request *q, struct compiled **c, struct findings *findings,
                   struct error *e)
{
        int r;

        do
                id_new(s->id);
        while (sessions_by_id(&d->sessions, s->id));
        s->daemon = d;
        s->live = true;
        s->generation = id_number();
        s->attach = q->attach;
        s->started = time_now(CLOCK_REALTIME);
        r = find_processes(d, s, q, e);
        if (r >= 0)
                r = describe(s, q, e);
        if (r >= 0)
                r = refuse_when_killed(d, s, e);
        if (r >= 0 && (r = set(&s->policy_name, s->policy->name)) < 0)
                error_set(e, r, "out of memory");
        s->audit_only = q->audit_only;
        if (r >= 0)
                r = workspaces_begin(d, s, q, e);
        if (r >= 0)
                r = session_compile(d, s, s->pid, s->policy, &s->ceilings, c, findings, e);
        return r < 0 ? r : reserve(d, s, e);
}

int session_create(struct daemon *d, const struct session_request *q, struct policy *policy, char *text, struct session **ret,
                   struct findings *findings, struct error *e)
{
        _cleanup_(compiled_freep) struct compiled *c = NULL;
        struct session *s = session_new();
        int r;

        if (!s) {
                policy_free(policy);
                free(text);
                return error_set(e, -ENOMEM, "out of memory");
        }
        s->policy = policy;
        s->policy_text = text;
        r = prepare(d, s, q, &c, findings, e);
        if (r >= 0)
                r = begin(d, s, q, c, findings, e);
        if (r < 0) {
                undo(d, s);
                return r;
        }
        limits_set(d, s);
        session_thaw(s);
        session_origins_clear(s);
        session_limit_wall(d, s);
        trips_set(d, s);
        report(d, s, q->peer);
        found_report(d, s, &s->found);
        revoke_start(d, s);
        revoke_now(d, s);
        *ret = s;
        return 0;
}
