/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/kill.h"

#include "base/json.h"
#include "base/log.h"
#include "base/time.h"
#include "daemon/access.h"
#include "daemon/control.h"
#include "daemon/daemon.h"
#include "daemon/process.h"
#include "daemon/events.h"
#include "daemon/flows.h"
#include "daemon/tell.h"
#include "daemon/throttle.h"
#include "holdfast/decide.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

/* The live sessions that a kill is for, one after the other: those from *i on. */
static struct session *next_struck(struct daemon *d, const struct target *t, size_t *i)
{
        while (*i < d->sessions.count) {
                struct session *s = d->sessions.list[(*i)++];

                if (!s->live || !target_matches(t, s))
                        continue;
                if (t->scope == KILL_SESSION)
                        *i = d->sessions.count;
                return s;
        }
        return NULL;
}

static uint32_t *word(struct daemon *d, const struct session *s)
{
        return s ? &kernel_session(d->kernel, s->slot)->kill : &kernel_host(d->kernel)->kill;
}

static __u64 *capabilities(struct daemon *d, const struct session *s)
{
        return &kernel_policy(d->kernel, s->policy_id)->killed;
}

void kill_freeze(struct daemon *d, const struct session *s)
{
        int r = cgroup_freeze(s->cgroup_fd, session_bits(d, s) & HF_KILL_PAUSE);

        if (r < 0)
                log_warning("session %s: cannot write cgroup.freeze: %s; what it does is refused all the same", s->id, strerror(-r));
}

/* The bits alone, and when they were set. What is open already is to be looked at again: of a killed capability it may be. */
static size_t strike(struct daemon *d, const struct target *t, uint32_t strength, uint64_t *effective)
{
        const struct session *s;
        size_t struck = 0;

        kernel_look(d->kernel);
        if (t->scope == KILL_ALL) {
                __atomic_or_fetch(word(d, NULL), strength, __ATOMIC_SEQ_CST);
                *effective = time_now(CLOCK_BOOTTIME);
        }
        for (size_t i = 0; (s = next_struck(d, t, &i)); struck++) {
                if (t->scope == KILL_CAPABILITY) {
                        __atomic_store_n(&kernel_session(d->kernel, s->slot)->recheck, HF_RIGHTS_ALL, __ATOMIC_SEQ_CST);
                        __atomic_or_fetch(capabilities(d, s), target_bits(t, s->policy), __ATOMIC_SEQ_CST);
                } else if (t->scope != KILL_ALL) {
                        __atomic_or_fetch(word(d, s), strength, __ATOMIC_SEQ_CST);
                }
        }
        if (t->scope != KILL_ALL)
                *effective = time_now(CLOCK_BOOTTIME);
        return struck;
}

/* Freezes; or interrupts what waits in a system call, which was let in before: a send that waits for room would go on. */
static void hold(struct daemon *d, const struct target *t, uint32_t strength)
{
        const struct session *s;

        for (size_t i = 0; strength != HF_KILL_KILL && (s = next_struck(d, t, &i));) {
                int r = 0;

                if (strength == HF_KILL_PAUSE)
                        kill_freeze(d, s);
                else
                        r = cgroup_interrupt(s->cgroup_fd);
                if (r < 0)
                        log_warning("session %s: cannot interrupt what it waits for: %s", s->id, strerror(-r));
        }
}

static void step(struct kill *k, enum kill_step step)
{
        k->steps[step] = time_now(CLOCK_BOOTTIME) - k->asked;
}

int kill_set(struct daemon *d, struct kill_request *q, struct kill **ret, struct error *e)
{
        const uint64_t asked = q->asked ? q->asked : time_now(CLOCK_BOOTTIME);
        const size_t struck = strike(d, &q->target, q->strength, &q->effective);
        _cleanup_error_ struct error store_error = ERROR_INIT;
        char actor[ACTOR_SIZE];
        uint64_t held;
        struct kill *k;

        hold(d, &q->target, q->strength);
        held = q->strength == HF_KILL_KILL ? asked : time_now(CLOCK_BOOTTIME);
        metrics_kill(&d->metrics, q->strength, q->asked ? q->effective - q->asked : 0);
        k = kill_new(&q->target, q->strength, q->peer ? q->peer->uid : 0, q->reason, q->peer ? peer_actor(q->peer, actor) : q->actor,
                     time_now(CLOCK_REALTIME));
        if (!k || killset_add(&d->kills, k) < 0)
                return error_set(e, -ENOMEM, "the kill is in force, and cannot be noted: out of memory");
        k->until = q->until;
        k->struck = struck;
        k->asked = asked;
        k->steps[KILL_STEP_BITS] = q->effective - asked;
        k->steps[KILL_STEP_HELD] = held - asked;
        k->stored = store_kill_add(d->store, k, &store_error) == 0;
        if (k->stored)
                step(k, KILL_STEP_RECORDED);
        else
                log_error("kill %s is in force, and not on record for after a restart: %s", k->id, error_text(&store_error));
        *ret = k;
        return 0;
}

void kill_enforce(struct daemon *d, struct session *s)
{
        _cleanup_free_ pid_t *list = NULL;
        size_t count = 0;
        int r;

        if (!s->live || !(session_bits(d, s) & HF_KILL_KILL))
                return;
        r = cgroup_kill(s->cgroup_fd);
        if (r < 0)
                log_warning("session %s: cannot write cgroup.kill: %s", s->id, strerror(-r));
        if (session_members(d, s, &list, &count, NULL) < 0)
                return;
        for (size_t i = 0; i < count; i++)
                kill(list[i], SIGKILL);
}

/* An event has the agent and the user of its session: those of a kill are whom it is for. */
static void add_target(cJSON *o, const struct target *t)
{
        const char *scope = kill_scope_name(t->scope);

        cJSON_AddStringToObject(o, "scope", scope);
        if (*t->name) {
                cJSON_DeleteItemFromObjectCaseSensitive(o, scope);
                json_add_text(o, scope, t->name);
        }
        if (*t->version)
                json_add_text(o, "version", t->version);
}

static void add_steps(cJSON *o, const struct kill *k)
{
        static const char *const names[KILL_STEPS] = { "took_ns", "held_ns", "recorded_ns", "cut_ns", "killed_ns" };

        for (int i = 0; i < KILL_STEPS; i++)
                if (k->steps[i])
                        json_add_u64(o, names[i], k->steps[i]);
}

static void report(struct daemon *d, const struct kill *k, bool set, size_t sessions, const char *actor, const char *reason)
{
        const struct session *s = *k->target.session ? sessions_by_id(&d->sessions, k->target.session) : NULL;
        cJSON *o = event_begin(d, s, "kill", set ? "deny" : "allow", actor);
        _cleanup_free_ char *text = NULL;

        if (o) {
                cJSON_AddStringToObject(o, "op", set ? "set" : "lift");
                cJSON_AddStringToObject(o, "kill", k->id);
                add_target(o, &k->target);
                cJSON_AddStringToObject(o, "strength", strength_name(k->strength));
                cJSON_AddNumberToObject(o, "sessions", (double)sessions);
                json_add_text(o, "reason", reason);
        }
        if (o && set)
                add_steps(o, k);
        if (o && !k->stored)
                cJSON_AddFalseToObject(o, "stored");
        text = d->config.on_kill && o ? cJSON_PrintUnformatted(o) : NULL;
        event_emit_now(d, o); /* whoever is refused in a loop must not keep a kill waiting */
        tell_command(d, text, k->uid == 0);
}

/* Whether its first process is there yet, and not another with that pid. */
static bool has_first(const struct session *s)
{
        const size_t length = strlen(s->cgroup);
        _cleanup_free_ char *path = NULL;

        return s->pid > 0 && process_cgroup(s->pid, &path) == 0 && !strncmp(path, s->cgroup, length) &&
               (!path[length] || path[length] == '/');
}

/* To the terminals of the sessions. */
static void tell_users(struct daemon *d, const struct kill *k, bool set, const char *actor)
{
        const char *done = k->strength == HF_KILL_PAUSE                                        ? "was paused"
                           : k->strength == HF_KILL_KILL || k->target.scope == KILL_CAPABILITY ? "was killed"
                                                                                               : "is refused everything";
        const char *reason = set ? k->reason : "";
        char of[TARGET_TEXT_SIZE], text[1024];
        const struct session *s;

        target_text(&k->target, of);
        for (size_t i = 0; (s = next_struck(d, &k->target, &i));) {
                snprintf(text, sizeof(text), "%s %s by %s%s%s", of, set ? done : "goes on: this was lifted", actor, *reason ? ": " : "",
                         reason);
                if (has_first(s))
                        tell_terminal(s->pid, text);
        }
}

static void end_flows(struct daemon *d, struct kill *k)
{
        struct session *s;

        for (size_t i = 0; (s = next_struck(d, &k->target, &i));)
                flows_end(d, s);
        step(k, KILL_STEP_CUT);
}

static void end_processes(struct daemon *d, struct kill *k)
{
        const struct session *s;

        for (size_t i = 0; (s = next_struck(d, &k->target, &i));)
                cgroup_kill(s->cgroup_fd);
        step(k, KILL_STEP_KILLED);
        /* What left its cgroup is found by a look over all tasks: that is for the tick, which comes when nobody waits. */
        sd_event_source_set_time(d->tick, 0);
}

/* What of a capability goes on without a system call: as where a policy takes rights away. */
static void end_capability(struct daemon *d, struct kill *k)
{
        struct session *s;

        end_flows(d, k);
        for (size_t i = 0; (s = next_struck(d, &k->target, &i));) {
                revoke_start(d, s);
                revoke_now(d, s);
        }
}

void kill_finish(struct daemon *d, struct kill *k)
{
        const bool one = k->target.scope == KILL_SESSION;
        char text[TARGET_TEXT_SIZE];

        tell_users(d, k, true, k->actor);
        /* Before its processes close them: a peer is to see a reset. Of many sessions it comes after, as it takes a look for each. */
        if (k->strength == HF_KILL_KILL && one)
                end_flows(d, k);
        if (k->strength == HF_KILL_KILL)
                end_processes(d, k);
        if (k->strength == HF_KILL_KILL && !one)
                end_flows(d, k);
        if (k->target.scope == KILL_CAPABILITY)
                end_capability(d, k);
        report(d, k, true, k->struck, k->actor, k->reason);
        log_info("%s of %s by %s%s%s", strength_name(k->strength), target_text(&k->target, text), k->actor, *k->reason ? ": " : "",
                 k->reason);
}

int kill_session(struct daemon *d, const struct session *s, uint32_t strength, const char *reason)
{
        struct kill_request q = { .target = target_session(s->id), .strength = strength, .reason = reason, .actor = "holdfastd" };
        struct kill *k = NULL;
        int r;

        /* Nobody is in a hurry here: frozen before its calls are refused, a program has no error of the pause to go on with once it is
         * lifted. */
        if (strength == HF_KILL_PAUSE)
                cgroup_freeze(s->cgroup_fd, true);
        r = kill_set(d, &q, &k, NULL);
        if (r == 0)
                kill_finish(d, k);
        return r;
}

/*
 * Takes the bits of a kill that does not count any more back, but for those that others ask for. Bits that no kill explains stay; so do all
 * of the capabilities where it is not known which is which.
 */
static size_t take_back(struct daemon *d, const struct target *t, uint32_t strength)
{
        const struct session *s;
        size_t sessions = 0;

        if (t->scope == KILL_ALL)
                __atomic_and_fetch(word(d, NULL), ~strength | killset_bits(&d->kills, NULL), __ATOMIC_SEQ_CST);
        for (size_t i = 0; (s = next_struck(d, t, &i)); sessions++) {
                if (t->scope == KILL_CAPABILITY && s->policy)
                        __atomic_and_fetch(capabilities(d, s), ~target_bits(t, s->policy) | killset_capabilities(&d->kills, s, s->policy),
                                           __ATOMIC_SEQ_CST);
                else if (t->scope != KILL_CAPABILITY && t->scope != KILL_ALL)
                        __atomic_and_fetch(word(d, s), ~strength | killset_bits(&d->kills, s), __ATOMIC_SEQ_CST);
        }
        for (size_t i = 0; t->scope != KILL_CAPABILITY && (s = next_struck(d, t, &i));)
                kill_freeze(d, s);
        return sessions;
}

bool kill_may_lift(const struct kill *k, const struct peer *peer)
{
        return peer->uid == 0 || peer->uid == k->uid;
}

int kill_lift(struct daemon *d, struct kill *k, const char *actor, const char *reason, struct error *e)
{
        struct session *s = k->target.scope == KILL_SESSION ? sessions_by_id(&d->sessions, k->target.session) : NULL;
        const uint32_t strength = k->strength;
        int r;
        size_t sessions;

        control_take_up(d); /* or what the kernel did would be taken back with it */
        r = s ? revoke_may_lift(d, s, k, e) : 0;
        if (r >= 0)
                r = store_kill_delete(d->store, k->id, e);
        if (r < 0)
                return error_prefix(e, "the kill stands as before");
        k->strength = 0;
        if (strength == HF_KILL_PAUSE && s && s->live && !killset_paused(&d->kills, s->id, NULL))
                throttle_renew(d, s);
        sessions = take_back(d, &k->target, strength);
        k->strength = strength;
        report(d, k, false, sessions, actor, reason ? reason : k->reason);
        tell_users(d, k, false, actor);
        killset_remove(&d->kills, k);
        return 0;
}

void kills_expire(struct daemon *d)
{
        const uint64_t now = time_now(CLOCK_REALTIME);

        for (size_t i = d->kills.count; i > 0; i--) {
                _cleanup_error_ struct error e = ERROR_INIT;
                struct kill *k = d->kills.list[i - 1];

                if (!k->until || k->until > now || kill_lift(d, k, "holdfastd", "expired", &e) == 0 || k->held)
                        continue;
                log_warning("kill %s has expired: %s; trying again", k->id, error_text(&e));
                k->held = true;
        }
}

const struct kill *kill_behind(const struct daemon *d, const struct session *s, enum hf_why why, uint32_t number)
{
        const struct rule *rule = NULL;

        if (why == HF_WHY_KILLED)
                return killset_strictest(&d->kills, s);
        if (why == HF_WHY_INACTIVE && d->kills.count && s->policy && number != HF_RULE_SEAL && hf_rule_layer(number) == HF_LAYER_POLICY)
                rule = policy_rule(s->policy, hf_rule_number(number));
        return rule ? killset_capability(&d->kills, s, s->policy->capabilities[rule->capability].name) : NULL;
}

static void add_time(cJSON *o, const char *name, uint64_t ns)
{
        char text[TIME_TEXT_SIZE];

        if (ns)
                cJSON_AddStringToObject(o, name, time_format(ns, text));
        else
                cJSON_AddNullToObject(o, name);
}

bool kill_is_done(struct daemon *d, const struct target *t, uint32_t strength)
{
        const struct session *s;

        if (t->scope == KILL_CAPABILITY || strength == HF_KILL_DENY)
                return true;
        for (size_t i = 0; (s = next_struck(d, t, &i));)
                if (strength == HF_KILL_KILL || !cgroup_frozen(s->cgroup_fd))
                        return false;
        return true;
}

cJSON *kill_json(struct daemon *d, const struct kill *k)
{
        const struct session *s = *k->target.session ? sessions_by_id(&d->sessions, k->target.session) : NULL;
        cJSON *o = cJSON_CreateObject();

        if (!o)
                return NULL;
        cJSON_AddStringToObject(o, "id", k->id);
        cJSON_AddStringToObject(o, "scope", kill_scope_name(k->target.scope));
        target_add_json(o, &k->target);
        if (s)
                cJSON_AddStringToObject(o, "state", session_state(d, s));
        cJSON_AddStringToObject(o, "strength", strength_name(k->strength));
        json_add_text(o, "reason", k->reason);
        json_add_text(o, "actor", k->actor);
        add_time(o, "time", k->time);
        add_time(o, "expires", k->until);
        cJSON_AddBoolToObject(o, "stored", k->stored);
        return o;
}

static int take_up(void *context, struct kill *k)
{
        struct daemon *d = context;

        return killset_add(&d->kills, k);
}

static void explain(struct daemon *d, const struct target *t, uint32_t strength)
{
        struct kill_request q = { .target = *t, .strength = strength, .actor = "holdfastd", .reason = "in force when the daemon started" };
        struct kill *k = NULL;

        kill_set(d, &q, &k, NULL);
}

/*
 * Bits that the kernel has and no kill explains: a crash came between the two. They stand, and can be lifted. s is NULL for all. Those of
 * lost control are left to control_take_up().
 */
static void agree(struct daemon *d, struct session *s)
{
        static const uint32_t bits[] = { HF_KILL_KILL, HF_KILL_DENY, HF_KILL_PAUSE };
        const struct target t = s ? target_session(s->id) : (struct target){ .scope = KILL_ALL };
        uint32_t known = killset_bits(&d->kills, s), found = *word(d, s) & ~control_bits(d, s);

        __atomic_or_fetch(word(d, s), known, __ATOMIC_SEQ_CST);
        for (size_t i = 0; i < ARRAY_SIZE(bits); i++)
                if (found & ~known & bits[i])
                        explain(d, &t, bits[i]);
        for (size_t i = 0; i < d->sessions.count; i++)
                if (d->sessions.list[i]->live && (!s || s == d->sessions.list[i]))
                        kill_freeze(d, d->sessions.list[i]);
}

/* The same of its capabilities. */
static void agree_capabilities(struct daemon *d, struct session *s)
{
        const uint64_t known = killset_capabilities(&d->kills, s, s->policy), found = *capabilities(d, s);

        if (known & ~found)
                __atomic_store_n(&kernel_session(d->kernel, s->slot)->recheck, HF_RIGHTS_ALL, __ATOMIC_SEQ_CST);
        __atomic_or_fetch(capabilities(d, s), known, __ATOMIC_SEQ_CST);
        for (int i = 0; s->policy && i < s->policy->n_capabilities; i++) {
                struct target t = target_session(s->id);

                if (!((found & ~known) >> i & 1))
                        continue;
                t.scope = KILL_CAPABILITY;
                snprintf(t.name, sizeof(t.name), "%s", s->policy->capabilities[i].name);
                explain(d, &t, HF_KILL_DENY);
        }
}

int kills_restore(struct daemon *d, struct error *e)
{
        int r = store_kills(d->store, take_up, d, e);

        if (r < 0)
                return r;
        for (size_t i = d->kills.count; i > 0; i--) {
                struct kill *k = d->kills.list[i - 1];

                if (*k->target.session && !sessions_by_id(&d->sessions, k->target.session)) {
                        store_kill_delete(d->store, k->id, NULL);
                        killset_remove(&d->kills, k);
                }
        }
        kernel_look(d->kernel);
        agree(d, NULL);
        for (size_t i = 0; i < d->sessions.count; i++) {
                if (!d->sessions.list[i]->live)
                        continue;
                agree(d, d->sessions.list[i]);
                agree_capabilities(d, d->sessions.list[i]);
        }
        return 0;
}

void kills_forget(struct daemon *d, const char *session)
{
        for (size_t i = d->kills.count; i > 0; i--) {
                struct kill *k = d->kills.list[i - 1];

                if (strcmp(k->target.session, session) != 0)
                        continue;
                store_kill_delete(d->store, k->id, NULL);
                killset_remove(&d->kills, k);
        }
}
