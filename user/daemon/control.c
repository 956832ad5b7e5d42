/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/control.h"

#include "base/json.h"
#include "base/log.h"
#include "base/time.h"
#include "daemon/daemon.h"
#include "daemon/events.h"
#include "daemon/kill.h"

#include <signal.h>
#include <stdio.h>

#define REASON_SIZE 160

void control_start(struct daemon *d)
{
        const uint64_t seconds = d->config.control_timeout;

        __atomic_store_n(&kernel_host(d->kernel)->control_timeout, seconds < UINT32_MAX ? (uint32_t)seconds : UINT32_MAX, __ATOMIC_RELEASE);
}

void control_set(struct daemon *d, const struct session *s, const struct policy *policy, const struct ceilings *ceilings)
{
        const uint32_t strength = policy_on_control_loss(policy, ceilings->list);

        __atomic_store_n(&kernel_session(d->kernel, s->slot)->on_control_loss, (uint8_t)strength, __ATOMIC_RELEASE);
}

static uint64_t lost(struct daemon *d)
{
        return __atomic_load_n(&kernel_host(d->kernel)->control_lost, __ATOMIC_ACQUIRE);
}

uint32_t control_bits(struct daemon *d, const struct session *s)
{
        const struct hf_session *record = s ? kernel_session(d->kernel, s->slot) : NULL;

        return record && lost(d) ? record->kill & record->on_control_loss & ~killset_bits(&d->kills, s) : 0;
}

/* Since when there was no heartbeat, for people. */
static void write_reason(struct daemon *d, char reason[REASON_SIZE])
{
        const uint64_t ago = time_now(CLOCK_BOOTTIME) - __atomic_load_n(&kernel_host(d->kernel)->heartbeat, __ATOMIC_RELAXED);
        char text[TIME_TEXT_SIZE];

        snprintf(reason, REASON_SIZE, "control was lost: no daemon had its turn after %s",
                 time_format(time_now(CLOCK_REALTIME) - ago, text));
}

static void report(struct daemon *d, const char *reason, int sessions)
{
        _cleanup_free_ char *text = NULL;
        cJSON *o;

        if (asprintf(&text, "%s; sessions that the kernel paused or killed for it: %d", reason, sessions) < 0)
                text = NULL;
        o = event_begin(d, NULL, "admin", "allow", "holdfastd");
        if (o)
                json_add_text(o, "reason", text ? text : reason);
        event_emit(d, o);
        log_warning("%s", text ? text : reason);
}

void control_take_up(struct daemon *d)
{
        uint64_t since = lost(d);
        char reason[REASON_SIZE];
        int sessions = 0;

        if (!since)
                return;
        kernel_look(d->kernel);
        write_reason(d, reason);
        for (size_t i = 0; i < d->sessions.count; i++) {
                const struct session *s = d->sessions.list[i];
                struct kill_request q = { .reason = reason, .actor = "holdfastd" };
                struct kill *k = NULL;

                q.strength = s->live ? control_bits(d, s) : 0;
                q.target = target_session(s->id);
                if (!q.strength)
                        continue;
                sessions++;
                if (kill_set(d, &q, &k, NULL) == 0)
                        kill_finish(d, k);
        }
        report(d, reason, sessions);
        control_beat(d); /* or the kernel would find it lost again */
        /* If it was lost once more meanwhile, the next turn takes that up. */
        __atomic_compare_exchange_n(&kernel_host(d->kernel)->control_lost, &since, 0, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

/* What the kernel has sent SIGSTOP is frozen by now, and stands still as a pause has it. */
static void go_on(struct daemon *d, const struct session *s)
{
        _cleanup_free_ pid_t *list = NULL;
        size_t count = 0;

        if (!__atomic_exchange_n(&kernel_session(d->kernel, s->slot)->stopped, 0, __ATOMIC_SEQ_CST))
                return;
        if (session_members(d, s, &list, &count, NULL) < 0)
                __atomic_store_n(&kernel_session(d->kernel, s->slot)->stopped, 1, __ATOMIC_SEQ_CST);
        for (size_t i = 0; i < count; i++)
                kill(list[i], SIGCONT);
}

void control_beat(struct daemon *d)
{
        __atomic_store_n(&kernel_host(d->kernel)->heartbeat, time_now(CLOCK_BOOTTIME), __ATOMIC_SEQ_CST);
}

void control_tick(struct daemon *d)
{
        if (lost(d)) {
                control_take_up(d);
        } else {
                for (size_t i = 0; i < d->sessions.count; i++)
                        if (d->sessions.list[i]->live)
                                go_on(d, d->sessions.list[i]);
        }
        control_beat(d);
}
