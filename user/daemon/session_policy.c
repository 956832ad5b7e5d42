/* SPDX-License-Identifier: Apache-2.0 */
/* A session's policy: compiled as the session sees the file system, replaced by one store. */
#include "base/json.h"
#include "base/log.h"
#include "daemon/contents.h"
#include "daemon/control.h"
#include "daemon/daemon.h"
#include "daemon/events.h"
#include "daemon/flows.h"
#include "daemon/fsview.h"
#include "daemon/kill.h"
#include "daemon/seals.h"
#include "daemon/throttle.h"
#include "daemon/workspaces.h"

#include <string.h>

#define TRIES 10 /* at a process that does not end while it is looked at */

DEFINE_CLEANUP(struct policy *, policy_free)
DEFINE_CLEANUP(struct compiled *, compiled_free)

static bool has_any(const struct ceilings *c)
{
        return c->list[HF_LAYER_USER].policy || c->list[HF_LAYER_HOST].policy;
}

int session_compile(const struct daemon *d, struct session *s, pid_t pid, const struct policy *policy, struct ceilings *ceilings,
                    struct compiled **ret, struct findings *findings, struct error *e)
{
        struct policy_vars vars = { .workspace = s->workspace, .home = s->home, .user = s->user, .tmpdir = "/tmp" };
        struct seals seals;
        _cleanup_fsview_ struct fsview view = FSVIEW_INIT;
        int r = ceilings_read(d->config.ceilings, s->user, ceilings, findings, e);

        if (r < 0)
                return r;
        r = fsview_open(&view, pid);
        if (r < 0) {
                error_set(e, r, "cannot look at the file system of process %d: %s", pid, strerror(-r));
                return r;
        }
        seals_fill(&seals, d->cgroups.mount, d->config.socket, d->config.ceilings);
        r = workspaces_covered(d, s, &view.covered, e);
        if (r < 0)
                return r;
        if (view.covered >= 0)
                seals_add(&seals, FSVIEW_COVERED, HF_RIGHTS_ALL);
        vars.seals = seals.list;
        vars.ceilings = ceilings->list;
        r = policy_compile(policy, &vars, &view.view, ret, findings);
        session_mounts(s, &view.mounts);
        if (r == 0) {
                ceilings->clipped = (*ret)->clipped;
                if (s->audit_only)
                        memset((*ret)->audit, 0xff, sizeof((*ret)->audit));
                r = contents_open(*ret, s->uid);
                return r < 0 ? error_set(e, r, "cannot look with the rights of user %u: %s", s->uid, strerror(-r)) : 0;
        }
        if (findings->total)
                error_set(e, r, "errors in the policy%s: %d", has_any(ceilings) ? " and the ceilings over it" : "", findings->total);
        else
                error_set(e, r, "the policy cannot be compiled: %s", strerror(-r));
        return r;
}

/* Loads under a fresh id; nothing points at it yet. */
static int load(struct daemon *d, const struct session *s, const struct policy *policy, struct compiled *c, uint32_t *ret,
                struct findings *unverified, struct error *e)
{
        uint32_t id = 0;
        int r = sessions_take_policy(&d->sessions, &id);

        if (r < 0)
                return error_set(e, r, "all %d policies that the kernel can hold are in use", HF_POLICIES - 1);
        *kernel_policy(d->kernel, id) = (struct hf_policy){ .active = c->active, .killed = killset_capabilities(&d->kills, s, policy) };
        r = keeper_policy_load(d, id, c, unverified, e);
        if (r < 0) {
                *kernel_policy(d->kernel, id) = (struct hf_policy){ 0 };
                d->sessions.policies[id] = false;
                return r;
        }
        *ret = id;
        return 0;
}

/* The switch: one store, after which every check sees the new policy. The old one goes when no check can see it any more. */
static void point_at(struct daemon *d, struct session *s, uint32_t id, struct policy *policy, char *text, char *name,
                     struct ceilings *ceilings, struct findings *unverified)
{
        struct hf_session *record = kernel_session(d->kernel, s->slot);
        uint32_t old = s->policy_id;
        int r;

        /* What is open already must be looked at again: the new policy may allow less. */
        kernel_look(d->kernel);
        __atomic_store_n(&record->recheck, HF_RIGHTS_ALL, __ATOMIC_RELEASE);
        control_set(d, s, policy, ceilings);
        throttle_switch(d, s, id, policy);
        __atomic_store_n(&record->policy, id, __ATOMIC_RELEASE);
        resolver_switched(d, s, old);
        r = cgroup_interrupt(s->cgroup_fd);
        if (r < 0)
                log_warning("session %s: cannot interrupt what it waits for: %s", s->id, strerror(-r));
        kernel_policy_unload(d->kernel, old);
        events_drain(d); /* with the rules of the old policy */
        d->sessions.policies[old] = false;
        s->policy_id = id;
        policy_free(s->policy);
        free(s->policy_text);
        free(s->policy_name);
        s->policy = policy;
        s->policy_text = text;
        s->policy_name = name;
        throttle_switched(d, s, id);
        ceilings_clear(&s->ceilings);
        s->ceilings = *ceilings;
        *ceilings = (struct ceilings)CEILINGS_INIT;
        findings_clear(&s->unverified);
        s->unverified = *unverified;
        *unverified = (struct findings)FINDINGS_INIT;
}

static void report(struct daemon *d, struct session *s, const char *old, const char *actor)
{
        cJSON *o = event_begin(d, s, "policy", "allow", actor);

        if (o) {
                json_add_text(o, "policy", s->policy_name);
                json_add_text(o, "previous", old);
                cJSON_AddStringToObject(o, "reason", "the policy was replaced");
        }
        event_emit_now(d, o); /* what came before the switch is written already, and who is to be stopped must not wait */
}

/*
 * Compiles as one of the processes sees the file system. One that ends meanwhile is passed over; what forks and ends without pause, so
 * as not to be caught, is frozen for it.
 */
static int compile_as_seen(struct daemon *d, struct session *s, const struct policy *policy, struct ceilings *ceilings,
                           struct compiled **ret, struct findings *findings, struct error *e)
{
        bool frozen = false;
        int r = -ESRCH;

        for (int i = 0; i < TRIES && r == -ESRCH; i++) {
                pid_t pid = session_member(d, s);

                if (pid <= 0) {
                        error_set(e, r, "session %s has no process left", s->id);
                        break;
                }
                ceilings_clear(ceilings);
                r = session_compile(d, s, pid, policy, ceilings, ret, findings, e);
                if (r == -ESRCH && !frozen && !cgroup_freeze_asked(s->cgroup_fd) && cgroup_freeze(s->cgroup_fd, true) == 0) {
                        frozen = true;
                        cgroup_wait_frozen(s->cgroup_fd);
                }
        }
        if (frozen)
                kill_freeze(d, s);
        return r;
}

int session_apply(struct daemon *d, struct session *s, struct policy *policy, char *text, const char *actor, struct findings *findings,
                  struct error *e)
{
        _cleanup_(policy_freep) struct policy *p = policy;
        _cleanup_free_ char *t = text, *name = strdup(p->name ? p->name : ""), *old = strdup(s->policy_name);
        _cleanup_(compiled_freep) struct compiled *c = NULL;
        _cleanup_ceilings_ struct ceilings ceilings = CEILINGS_INIT;
        _cleanup_findings_ struct findings unverified = FINDINGS_INIT;
        const struct limits before = policy_limits(s->policy, s->ceilings.list);
        uint32_t id = 0;
        int r;

        if (!name || !old)
                return error_set(e, -ENOMEM, "out of memory");
        control_take_up(d); /* by what the policy in force says */
        r = compile_as_seen(d, s, p, &ceilings, &c, findings, e);
        if (r < 0 || !c)
                return r;
        r = load(d, s, p, c, &id, &unverified, e);
        if (r < 0)
                return r;
        r = resolver_prepare(d, s, s->resolver.there || !c->hosts ? 0 : session_member(d, s), id, c->hosts, e);
        if (r < 0) {
                kernel_policy_unload(d->kernel, id);
                d->sessions.policies[id] = false;
                return r;
        }
        r = cgroup_limit(s->cgroup_fd, &c->limits, s->made_cgroup, findings);
        if (r >= 0)
                r = limits_check(&c->limits, findings);
        if (r >= 0)
                r = trips_check(s->cgroup_fd, p, &ceilings, findings);
        if (r >= 0)
                r = store_session_policy(d->store, s->id, id, name, t, &ceilings, e);
        else
                error_set(e, r, "the host cannot keep a limit of the policy, or of a ceiling over it");
        if (r < 0) {
                resolver_take_back(d, s, id);
                kernel_policy_unload(d->kernel, id);
                d->sessions.policies[id] = false;
                if (s->policy)
                        cgroup_limit(s->cgroup_fd, &before, s->made_cgroup, findings);
                return r;
        }
        limits_look(d, s); /* what held it so far is of the policy so far */
        point_at(d, s, id, TAKE_PTR(p), TAKE_PTR(t), TAKE_PTR(name), &ceilings, &unverified);
        session_limit_wall(d, s);
        limits_set(d, s);
        trips_set(d, s);
        report(d, s, old, actor);
        flows_end(d, s);
        revoke_start(d, s);
        revoke_now(d, s);
        return 0;
}
