/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/kill.h"

#include "base/json.h"
#include "base/log.h"
#include "base/time.h"
#include "daemon/access.h"
#include "daemon/daemon.h"
#include "daemon/events.h"
#include "daemon/flows.h"
#include "daemon/throttle.h"

#include <signal.h>
#include <string.h>

static uint32_t *word(struct daemon *d, const struct session *s)
{
        return s ? &kernel_session(d->kernel, s->slot)->kill : &kernel_host(d->kernel)->kill;
}

void kill_freeze(struct daemon *d, const struct session *s)
{
        int r = cgroup_freeze(s->cgroup_fd, session_bits(d, s) & HF_KILL_PAUSE);

        if (r < 0)
                log_warning("session %s: cannot write cgroup.freeze: %s; what it does is refused all the same", s->id, strerror(-r));
}

static void freeze_scope(struct daemon *d, const struct session *s)
{
        for (size_t i = 0; i < d->sessions.count; i++)
                if (d->sessions.list[i]->live && (!s || s == d->sessions.list[i]))
                        kill_freeze(d, d->sessions.list[i]);
}

/* What waits in a system call was let in before: a send that waits for room would go on. */
static void interrupt_scope(struct daemon *d, const struct session *s)
{
        for (size_t i = 0; i < d->sessions.count; i++) {
                const struct session *each = d->sessions.list[i];
                int r = each->live && (!s || s == each) ? cgroup_interrupt(each->cgroup_fd) : 0;

                if (r < 0)
                        log_warning("session %s: cannot interrupt what it waits for: %s", each->id, strerror(-r));
        }
}

int kill_set(struct daemon *d, struct kill_request *q, struct kill **ret, struct error *e)
{
        _cleanup_error_ struct error store_error = ERROR_INIT;
        char actor[ACTOR_SIZE];
        struct kill *k;

        kernel_look(d->kernel);
        __atomic_or_fetch(word(d, q->session), q->strength, __ATOMIC_SEQ_CST);
        q->effective = time_now(CLOCK_BOOTTIME);
        if (q->strength == HF_KILL_PAUSE)
                freeze_scope(d, q->session);
        else if (q->strength == HF_KILL_DENY)
                interrupt_scope(d, q->session);
        metrics_kill(&d->metrics, q->strength, q->asked ? q->effective - q->asked : 0);
        k = kill_new(q->session ? q->session->id : "", q->strength, q->peer ? q->peer->uid : 0, q->reason,
                     q->peer ? peer_actor(q->peer, actor) : q->actor, time_now(CLOCK_REALTIME));
        if (!k || killset_add(&d->kills, k) < 0)
                return error_set(e, -ENOMEM, "the kill is in force, and cannot be noted: out of memory");
        k->stored = store_kill_add(d->store, k, &store_error) == 0;
        if (!k->stored)
                log_error("kill %s is in force, and not on record for after a restart: %s", k->id, error_text(&store_error));
        k->took = q->asked ? q->effective - q->asked : 0;
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

static void report(struct daemon *d, const struct kill *k, const char *op, const char *actor)
{
        const struct session *s = *k->session ? sessions_by_id(&d->sessions, k->session) : NULL;
        cJSON *o = event_begin(d, s, "kill", !strcmp(op, "set") ? "deny" : "allow", actor);

        if (o) {
                cJSON_AddStringToObject(o, "op", op);
                cJSON_AddStringToObject(o, "kill", k->id);
                cJSON_AddStringToObject(o, "scope", *k->session ? "session" : "all");
                cJSON_AddStringToObject(o, "strength", strength_name(k->strength));
                json_add_text(o, "reason", k->reason);
        }
        if (o && k->took && !strcmp(op, "set"))
                json_add_u64(o, "took_ns", k->took);
        if (o && !k->stored)
                cJSON_AddFalseToObject(o, "stored");
        event_emit_now(d, o); /* whoever is refused in a loop must not keep a kill waiting */
}

void kill_finish(struct daemon *d, struct session *s, struct kill *k)
{
        /* Before its processes close them: a peer is to see a reset. Of all sessions it comes after, as it takes a look for each. */
        if (s && k->strength == HF_KILL_KILL)
                flows_end(d, s);
        for (size_t i = 0; k->strength == HF_KILL_KILL && i < d->sessions.count; i++)
                if (d->sessions.list[i]->live && (!s || s == d->sessions.list[i]))
                        cgroup_kill(d->sessions.list[i]->cgroup_fd);
        for (size_t i = 0; !s && k->strength == HF_KILL_KILL && i < d->sessions.count; i++)
                if (d->sessions.list[i]->live)
                        flows_end(d, d->sessions.list[i]);
        /* What left its cgroup is found by a look over all tasks: that is for the tick, which comes when nobody waits. */
        if (k->strength == HF_KILL_KILL)
                sd_event_source_set_time(d->tick, 0);
        report(d, k, "set", k->actor);
        log_info("%s of %s by %s%s%s", strength_name(k->strength), *k->session ? k->session : "all", k->actor, *k->reason ? ": " : "",
                 k->reason);
}

int kill_lift(struct daemon *d, struct kill *k, const char *actor, struct error *e)
{
        struct session *s = *k->session ? sessions_by_id(&d->sessions, k->session) : NULL;
        bool all = !*k->session;
        int r = s ? revoke_may_lift(d, s, k, e) : 0;
        uint32_t strength = k->strength;

        if (r >= 0)
                r = store_kill_delete(d->store, k->id, e);
        if (r < 0)
                return error_prefix(e, "the kill stands as before");
        k->strength = 0; /* no more counted */
        if (strength == HF_KILL_PAUSE && s && s->live && !(killset_bits(&d->kills, s->id) & HF_KILL_PAUSE))
                throttle_renew(d, s);
        if (all || (s && s->live))
                __atomic_store_n(word(d, s), killset_bits(&d->kills, k->session), __ATOMIC_SEQ_CST);
        if (all || (s && s->live))
                freeze_scope(d, s);
        k->strength = strength;
        report(d, k, "lift", actor);
        killset_remove(&d->kills, k);
        return 0;
}

cJSON *kill_json(struct daemon *d, const struct kill *k)
{
        const struct session *s = *k->session ? sessions_by_id(&d->sessions, k->session) : NULL;
        char time[TIME_TEXT_SIZE];
        cJSON *o = cJSON_CreateObject();

        if (!o)
                return NULL;
        cJSON_AddStringToObject(o, "id", k->id);
        if (*k->session)
                cJSON_AddStringToObject(o, "session", k->session);
        else
                cJSON_AddTrueToObject(o, "all");
        if (s)
                cJSON_AddStringToObject(o, "state", session_state(d, s));
        cJSON_AddStringToObject(o, "strength", strength_name(k->strength));
        json_add_text(o, "reason", k->reason);
        json_add_text(o, "actor", k->actor);
        cJSON_AddStringToObject(o, "time", time_format(k->time, time));
        cJSON_AddBoolToObject(o, "stored", k->stored);
        return o;
}

static int take_up(void *context, struct kill *k)
{
        struct daemon *d = context;

        return killset_add(&d->kills, k);
}

/* Bits that the kernel has and no kill explains: a crash came between the two. They stand, and can be lifted. */
static void explain(struct daemon *d, struct session *s)
{
        static const uint32_t bits[] = { HF_KILL_KILL, HF_KILL_DENY, HF_KILL_PAUSE };
        uint32_t known = killset_bits(&d->kills, s ? s->id : ""), found = *word(d, s);

        __atomic_or_fetch(word(d, s), known, __ATOMIC_SEQ_CST);
        for (size_t i = 0; i < ARRAY_SIZE(bits); i++) {
                struct kill_request q = {
                        .session = s, .strength = bits[i], .actor = "holdfastd", .reason = "in force when the daemon started"
                };
                struct kill *k = NULL;

                if (found & ~known & bits[i])
                        kill_set(d, &q, &k, NULL);
        }
        freeze_scope(d, s);
}

int kills_restore(struct daemon *d, struct error *e)
{
        int r = store_kills(d->store, take_up, d, e);

        if (r < 0)
                return r;
        for (size_t i = d->kills.count; i > 0; i--) {
                struct kill *k = d->kills.list[i - 1];

                if (*k->session && !sessions_by_id(&d->sessions, k->session)) {
                        store_kill_delete(d->store, k->id, NULL);
                        killset_remove(&d->kills, k);
                }
        }
        explain(d, NULL);
        for (size_t i = 0; i < d->sessions.count; i++)
                if (d->sessions.list[i]->live)
                        explain(d, d->sessions.list[i]);
        return 0;
}

void kills_forget(struct daemon *d, const char *session)
{
        struct kill *k;
        size_t i = 0;

        while ((k = killset_next(&d->kills, session, &i))) {
                store_kill_delete(d->store, k->id, NULL);
                killset_remove(&d->kills, k);
                i = 0;
        }
}
