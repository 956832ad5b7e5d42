/* SPDX-License-Identifier: Apache-2.0 */
/* How a session ends: when its last process is gone, wherever that was. */
#include "base/json.h"
#include "base/log.h"
#include "base/time.h"
#include "daemon/daemon.h"
#include "daemon/events.h"
#include "daemon/kill.h"
#include "daemon/process.h"
#include "daemon/workspaces.h"

#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>

#define WATCH_PRIORITY 4 /* behind requests: when hundreds of sessions end, a kill does not wait for them */
#define NSEC_PER_SEC 1000000000ull
#define NSEC_PER_USEC 1000ull

struct members {
        pid_t *list;
        size_t count, room;
        bool failed;
};

/* A zombie that nobody has waited for yet is no member any more. */
static void add_member(void *context, pid_t pid)
{
        struct members *m = context;
        struct process p;

        if (process_read(pid, &p) == 0 && !process_lives(&p))
                return;
        for (size_t i = 0; i < m->count; i++)
                if (m->list[i] == pid)
                        return;
        if (m->count == m->room) {
                pid_t *more = reallocarray(m->list, m->room + 64, sizeof(*more));

                if (!more) {
                        m->failed = true;
                        return;
                }
                m->list = more;
                m->room += 64;
        }
        m->list[m->count++] = pid;
}

int session_members(struct daemon *d, const struct session *s, pid_t **ret, size_t *count, struct error *e)
{
        struct members m = { NULL, 0, 0, false };
        int r = kernel_members(d->kernel, s->slot, add_member, &m, e);

        if (r >= 0 && m.failed)
                r = error_set(e, -ENOMEM, "out of memory");
        if (r < 0) {
                free(m.list);
                return r;
        }
        *ret = m.list;
        *count = m.count;
        return 0;
}

pid_t session_member(struct daemon *d, const struct session *s)
{
        _cleanup_free_ pid_t *list = NULL;
        size_t count = 0;

        if (session_members(d, s, &list, &count, NULL) < 0)
                return 0;
        for (size_t i = 0; i < count; i++)
                if (list[i] == s->pid)
                        return process_thread(s->pid);
        return count ? process_thread(list[0]) : 0;
}

void session_check(struct daemon *d, struct session *s)
{
        _cleanup_free_ pid_t *list = NULL;
        const struct kill *kill;
        size_t count = 0;
        int r;

        s->outside = false;
        if (!s->live || cgroup_populated(s->cgroup_fd))
                return;
        r = session_members(d, s, &list, &count, NULL);
        s->outside = r < 0 || count > 0;
        if (s->outside)
                return;
        kill = killset_strictest(&d->kills, s);
        if (kill && kill->strength == HF_KILL_KILL)
                session_end(d, s, *kill->reason ? kill->reason : "killed");
        else
                session_end(d, s, "its last process ended");
}

static int on_change(sd_event_source *source, const struct inotify_event *event, void *context)
{
        struct session *s = context;

        (void)source;
        (void)event;
        session_check(s->daemon, s);
        return 0;
}

int session_watch(struct daemon *d, struct session *s, struct error *e)
{
        _cleanup_free_ char *path = NULL;
        int r;

        if (asprintf(&path, "%s%s/cgroup.events", d->cgroups.mount, s->cgroup) < 0) {
                path = NULL;
                return error_set(e, -ENOMEM, "out of memory");
        }
        r = sd_event_add_inotify(d->event, &s->watch, path, IN_MODIFY, on_change, s);
        if (r >= 0)
                r = sd_event_source_set_priority(s->watch, WATCH_PRIORITY);
        events_watch(d);
        return r < 0 ? error_set(e, r, "cannot watch %s: %s", path, strerror(-r)) : 0;
}

static int on_wall(sd_event_source *source, uint64_t usec, void *context)
{
        struct session *s = context;

        (void)source;
        (void)usec;
        kill_session(s->daemon, s, HF_KILL_KILL, "wall limit");
        return 0;
}

void session_limit_wall(struct daemon *d, struct session *s)
{
        uint64_t wall = policy_limits(s->policy, s->ceilings.list).wall, now = time_now(CLOCK_REALTIME),
                 end = s->started + wall * NSEC_PER_SEC;
        uint64_t left = end > now ? (end - now) / NSEC_PER_USEC : 0;

        s->wall = sd_event_source_disable_unref(s->wall);
        if (!wall)
                return;
        if (sd_event_add_time_relative(d->event, &s->wall, CLOCK_BOOTTIME, left, 0, on_wall, s) < 0)
                log_error("session %s: its wall limit cannot be kept: out of memory", s->id);
}

/*
 * What it has sent by its end arrives, but after a kill, and where a throttle would have held it up. Somebody's own cgroup is left as it
 * was.
 */
static void release_sockets(struct daemon *d, const struct session *s)
{
        const bool closes = (session_bits(d, s) & ~(uint32_t)HF_KILL_SETUP) || kernel_session(d->kernel, s->slot)->throttled;

        if (s->made_cgroup && closes)
                kernel_close_cgroup(d->kernel, s->cgroup_id, s->slot);
        else
                kernel_leave(d->kernel, s->cgroup_fd);
}

void session_release(struct daemon *d, struct session *s)
{
        struct hf_session *record = kernel_session(d->kernel, s->slot);
        int r;

        if (s->tied)
                kernel_cgroup_remove(d->kernel, s->cgroup_id);
        if (s->installed && s->cgroup_fd >= 0)
                release_sockets(d, s);
        if (s->installed) {
                __atomic_store_n(&record->kill, HF_KILL_SETUP, __ATOMIC_RELEASE);
                __atomic_store_n(&record->policy, 0, __ATOMIC_RELEASE);
        }
        resolver_end(d, s);
        if (s->loaded) {
                kernel_policy_unload(d->kernel, s->policy_id);
                d->sessions.policies[s->policy_id] = false;
        }
        s->watch = sd_event_source_disable_unref(s->watch);
        s->wall = sd_event_source_disable_unref(s->wall);
        revoke_clear(&s->revoke);
        cleanup_close(&s->cgroup_fd);
        cleanup_close(&s->netlink);
        s->cgroup_fd = s->netlink = -1;
        if (s->made_cgroup) {
                r = cgroup_remove(&d->cgroups, s->cgroup);
                if (r < 0)
                        log_warning("cannot remove cgroup %s: %s", s->cgroup, strerror(-r));
        }
        s->tied = s->installed = s->loaded = s->made_cgroup = false;
}

void session_end(struct daemon *d, struct session *s, const char *reason)
{
        const struct hf_session *record = kernel_session(d->kernel, s->slot);
        _cleanup_error_ struct error e = ERROR_INIT;
        cJSON *o;

        if (kernel_ipcs_remove(d->kernel, s->slot, &e) < 0)
                log_warning("session %s: %s", s->id, error_text(&e));
        resolver_finish(d, s);
        limits_look(d, s);
        events_drain(d); /* what it did last, while its slot is known */
        events_unfold(d, s);
        events_check_lost(d);
        s->denials = record->denials;
        s->lost = record->lost;
        session_release(d, s);
        workspaces_end(d, s);
        s->live = false;
        d->sessions.slots[s->slot] = NULL;
        s->ended = time_now(CLOCK_REALTIME);
        s->end_reason = strdup(reason);
        mounts_clear(&s->mounts);
        hostnames_clear(&s->hostnames);
        policy_free(s->policy);
        s->policy = NULL;
        ceilings_forget(&s->ceilings);
        if (store_session_update(d->store, s, NULL) < 0)
                log_warning("session %s ended, and the database could not note it", s->id);
        o = event_begin(d, s, "session", NULL, NULL);
        if (o) {
                cJSON_AddStringToObject(o, "op", "end");
                json_add_u64(o, "denials", s->denials);
                json_add_text(o, "reason", reason);
        }
        event_emit(d, o);
        log_info("session %s ended: %s", s->id, reason);
}
