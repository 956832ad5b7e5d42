/* SPDX-License-Identifier: Apache-2.0 */
/* Taking up what an earlier daemon left: the kernel went on enforcing meanwhile, and its records are what holds. */
#include "base/log.h"
#include "base/time.h"
#include "daemon/control.h"
#include "daemon/daemon.h"
#include "daemon/events.h"
#include "daemon/workspaces.h"

#include <string.h>

#define ENDED_SHOWN (3600 * 1000000000ull) /* ns that a session that ended stays in memory */

/* Only names rules in events: the kernel has the policy already. */
static void parse_policy(struct session *s)
{
        _cleanup_findings_ struct findings findings = FINDINGS_INIT;

        if (policy_parse(s->policy_text, strlen(s->policy_text), &s->policy, &findings) < 0)
                log_warning("session %s: its policy is in force, and cannot be read from the database: events give rules by number", s->id);
}

/* Which policy is in force: the one on record, or the one before where a crash came in between. */
static void settle_policy(struct daemon *d, struct session *s, const struct previous *previous)
{
        uint32_t now = kernel_session(d->kernel, s->slot)->policy;

        if (now != s->policy_id && now == previous->id && previous->text) {
                char *text = strdup(previous->text);

                if (text) {
                        free(s->policy_text);
                        s->policy_text = text;
                }
                ceilings_clear(&s->ceilings);
                if (ceilings_load(previous->ceilings, &s->ceilings) < 0)
                        log_warning("session %s: its ceilings are in force, and cannot be read from the database", s->id);
        }
        s->policy_id = now;
}

static bool in_kernel(struct daemon *d, const struct session *s)
{
        const struct hf_session *record = kernel_session(d->kernel, s->slot);

        return kernel_taken_over(d->kernel) && record->generation == s->generation && !(record->kill & HF_KILL_SETUP);
}

/* A session that is no more, though nobody was there to see it end. */
static void bury(struct daemon *d, struct session *s, const char *reason)
{
        s->live = false;
        s->ended = time_now(CLOCK_REALTIME);
        s->end_reason = strdup(reason);
        store_session_update(d->store, s, NULL);
        if (s->attach != ATTACH_CGROUP && cgroup_remove(&d->cgroups, s->cgroup) < 0)
                log_warning("session %s is over (%s), and its cgroup %s still has processes, which are not confined", s->id, reason,
                            s->cgroup);
        log_info("session %s is over: %s", s->id, reason);
}

static int take_up(void *context, struct session *s, const struct previous *previous)
{
        struct daemon *d = context;

        s->daemon = d;
        if (s->live && !in_kernel(d, s))
                bury(d, s, kernel_taken_over(d->kernel) ? "it ended while no daemon ran" : "the host was restarted");
        if (!s->live)
                ceilings_forget(&s->ceilings);
        if (s->live) {
                kernel_session(d->kernel, s->slot)->gathered = 0; /* the daemon of before may have died in between */
                settle_policy(d, s, previous);
                parse_policy(s);
                if (s->policy)
                        control_set(d, s, s->policy, &s->ceilings);
                s->cgroup_fd = cgroup_open(&d->cgroups, s->cgroup);
                s->made_cgroup = s->attach != ATTACH_CGROUP;
                s->tied = s->installed = s->loaded = true;
                s->apart = s->attach == ATTACH_RUN && workspaces_apart(d, s->id);
        }
        if (sessions_add(&d->sessions, s) < 0) {
                session_free(s);
                return -ENOMEM;
        }
        return 0;
}

/* A slot that no session explains: the database is not the one that belongs to the kernel's state. What has it may do nothing. */
static void close_orphans(struct daemon *d)
{
        for (uint32_t slot = 1; slot < HF_SLOTS; slot++) {
                struct hf_session *record = kernel_session(d->kernel, slot);

                if (d->sessions.slots[slot] || !record->generation || record->kill & HF_KILL_SETUP)
                        continue;
                kernel_look(d->kernel);
                __atomic_or_fetch(&record->kill, HF_KILL_SETUP, __ATOMIC_SEQ_CST);
                d->orphans = true;
                log_error("slot %u is in force, and no session on record explains it: its processes may do nothing from now on", slot);
        }
}

/* A policy that nothing points at: a crash came between its loading and its use, or its end and its removal. */
static void unload_orphans(struct daemon *d)
{
        for (uint32_t id = 1; id < HF_POLICIES; id++) {
                const struct hf_policy *record = kernel_policy(d->kernel, id);

                /* One that grants nothing yet has a book all the same, which names_at tells, and prefixes. */
                if (!d->sessions.policies[id] && (record->active || record->names_at))
                        kernel_policy_unload(d->kernel, id);
        }
}

int sessions_restore(struct daemon *d, struct error *e)
{
        int r = store_sessions(d->store, time_now(CLOCK_REALTIME) - ENDED_SHOWN, take_up, d, e);

        if (r < 0)
                return error_prefix(e, "cannot take up the sessions of before");
        close_orphans(d);
        unload_orphans(d);
        return 0;
}

int sessions_resume(struct daemon *d, struct error *e)
{
        resolver_restore(d);
        for (size_t i = 0; i < d->sessions.count; i++) {
                struct session *s = d->sessions.list[i];
                int r = 0;

                if (!s->live)
                        continue;
                if (s->cgroup_fd >= 0)
                        r = session_watch(d, s, e);
                if (r < 0)
                        return error_prefix(e, "session %s", s->id);
                session_limit_wall(d, s);
                limits_set(d, s);
                trips_set(d, s);
                revoke_start(d, s); /* the daemon of before may not have come to it */
                session_check(d, s);
        }
        return 0;
}
