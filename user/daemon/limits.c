/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/limits.h"

#include "base/json.h"
#include "base/log.h"
#include "base/time.h"
#include "daemon/cgroup.h"
#include "daemon/daemon.h"
#include "daemon/events.h"
#include "daemon/kill.h"

#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define SECOND 1000000000ull   /* ns */
#define QUIET (60 * SECOND)    /* a limit that holds again after so long is told again */
#define WRITTEN_ON (64u << 20) /* bytes past the limit: a write that has begun ends, and removing files writes too */
#define ROUNDS 10              /* over processes that fork while their files are limited */
#define IO_ACCOUNTING "/proc/self/io"

static const char *const names[LIMITS_HELD] = { "memory", "cpu", "pids", "disk", "bytes_out" };

static struct limits limits_of(const struct session *s)
{
        return policy_limits(s->policy, s->ceilings.list);
}

int limits_check(const struct limits *limits, struct findings *findings)
{
        if (!limits->disk || access(IO_ACCOUNTING, F_OK) == 0)
                return 0;
        findings_add(findings, "$.limits.disk",
                     "this host cannot keep the limit: its kernel does not account what tasks write (no " IO_ACCOUNTING
                     "); boot one with CONFIG_TASK_IO_ACCOUNTING or take the limit out");
        return -EOPNOTSUPP;
}

/* ---- setting them --------------------------------------------------------------------------------------------------------------- */

/* 1: a process could still open more; 0: none may any more. */
static int limit_files(struct daemon *d, const struct session *s, uint32_t most)
{
        _cleanup_free_ pid_t *list = NULL;
        size_t count = 0;
        int r = session_members(d, s, &list, &count, NULL), more = 0;

        for (size_t i = 0; i < count && r >= 0; i++) {
                struct rlimit l;

                if (prlimit(list[i], RLIMIT_NOFILE, NULL, &l) < 0 || l.rlim_max <= most)
                        continue; /* those that have ended have none */
                l.rlim_max = most;
                l.rlim_cur = l.rlim_cur < most ? l.rlim_cur : most;
                more = 1;
                if (prlimit(list[i], RLIMIT_NOFILE, &l, NULL) < 0 && errno != ESRCH)
                        r = -errno;
        }
        return r < 0 ? r : more;
}

/* Until what forks meanwhile has it too. */
static void limit_all_files(struct daemon *d, const struct session *s, uint32_t most)
{
        int r = 1;

        for (int i = 0; i < ROUNDS && r > 0; i++)
                r = limit_files(d, s, most);
        if (r)
                log_warning("session %s: not all of its processes are held to %u open files: %s", s->id, most,
                            r < 0 ? strerror(-r) : "they fork faster than they can be limited");
}

/* How often each has held the session so far. */
static void count(struct daemon *d, const struct session *s, const struct limits *l, uint64_t to[LIMITS_HELD])
{
        const struct hf_use *use = kernel_use(d->kernel, s->slot);

        if (l->memory)
                cgroup_number(s->cgroup_fd, "memory.events", "oom_kill ", &to[LIMIT_MEMORY]);
        if (l->cpu)
                cgroup_number(s->cgroup_fd, "cpu.stat", "nr_throttled ", &to[LIMIT_CPU]);
        if (l->pids)
                cgroup_number(s->cgroup_fd, "pids.events", "max ", &to[LIMIT_PIDS]);
        to[LIMIT_DISK] = __atomic_load_n(&use->written_held, __ATOMIC_RELAXED);
        if (l->sent)
                to[LIMIT_SENT] = __atomic_load_n(&use->sent_held, __ATOMIC_RELAXED);
}

void limits_begin(struct daemon *d, struct session *s)
{
        *kernel_use(d->kernel, s->slot) = (struct hf_use){ 0 };
        kernel_session(d->kernel, s->slot)->disk = 0;
}

void limits_set(struct daemon *d, struct session *s)
{
        struct hf_session *record = kernel_session(d->kernel, s->slot);
        struct hf_use *use = kernel_use(d->kernel, s->slot);
        const struct limits l = limits_of(s);

        if (l.disk)
                kernel_look(d->kernel);
        __atomic_store_n(&use->written_limit, l.disk, __ATOMIC_RELEASE);
        __atomic_store_n(&use->sent_limit, l.sent, __ATOMIC_RELEASE);
        __atomic_store_n(&record->disk, l.disk != 0, __ATOMIC_RELEASE);
        s->limits.written = 0;
        count(d, s, &l, s->limits.held);
        if (l.files)
                limit_all_files(d, s, l.files);
}

/* ---- once a second ---------------------------------------------------------------------------------------------------------------- */

void limits_count(struct daemon *d)
{
        _cleanup_error_ struct error e = ERROR_INIT;
        bool any = false;

        for (size_t i = 0; i < d->sessions.count && !any; i++)
                any = d->sessions.list[i]->live && kernel_session(d->kernel, d->sessions.list[i]->slot)->disk;
        if (any && kernel_count_written(d->kernel, &e) < 0)
                log_warning("%s", error_text(&e));
}

static void tell(struct daemon *d, const struct session *s, enum limit_held which, uint64_t times)
{
        static const char *const reasons[LIMITS_HELD] = {
                "it used all of its memory, and the kernel ended a process of it",
                "it used all of its processor time, and waits",
                "it has all of the tasks that it may have, and began no more",
                "it has written all that it may, and writes no more",
                "it has sent all that it may, and sends no more",
        };
        cJSON *o = event_begin(d, s, "session", "deny", NULL);

        if (o) {
                cJSON_AddStringToObject(o, "op", "limit");
                cJSON_AddStringToObject(o, "limit", names[which]);
                json_add_u64(o, "count", times);
                cJSON_AddStringToObject(o, "reason", reasons[which]);
        }
        event_emit(d, o);
}

/* One event as long as it goes on, with less than a minute between. */
static void note(struct daemon *d, struct session *s, enum limit_held which, uint64_t held)
{
        struct limits_state *l = &s->limits;
        const uint64_t now = time_now(CLOCK_BOOTTIME), before = l->held[which];

        if (held <= before)
                return;
        l->held[which] = held;
        if (!l->reached[which] || now - l->reached[which] > QUIET)
                tell(d, s, which, held - before);
        l->reached[which] = now;
}

/* What writes on through a mapping, which no hook refuses, is paused. */
static void look_mapped(struct daemon *d, struct session *s, const struct hf_use *use)
{
        const uint64_t written = __atomic_load_n(&use->written, __ATOMIC_RELAXED);

        if (!use->written_limit || written < use->written_limit || session_bits(d, s))
                s->limits.written = 0;
        else if (!s->limits.written)
                s->limits.written = written;
        else if (written > s->limits.written + WRITTEN_ON)
                kill_session(d, s, HF_KILL_PAUSE, "disk limit: it goes on writing through memory");
}

void limits_look(struct daemon *d, struct session *s)
{
        const struct limits limits = limits_of(s);
        uint64_t held[LIMITS_HELD] = { 0 };

        count(d, s, &limits, held);
        for (int i = 0; i < LIMITS_HELD; i++)
                note(d, s, (enum limit_held)i, held[i]);
}

void limits_tick(struct daemon *d, struct session *s)
{
        const struct hf_use *use = kernel_use(d->kernel, s->slot);

        limits_look(d, s);
        look_mapped(d, s, use);
        if (use->sent_limit && s->limits.held[LIMIT_SENT] && !(session_bits(d, s) & HF_KILL_KILL))
                kill_session(d, s, HF_KILL_KILL, "bytes_out limit");
}

/* ---- showing them ----------------------------------------------------------------------------------------------------------------- */

static void add(cJSON *o, const char *name, uint64_t value)
{
        if (value)
                json_add_u64(o, name, value);
}

static void add_number(cJSON *o, const char *name, const struct session *s, const char *file, const char *line)
{
        uint64_t value;

        if (cgroup_number(s->cgroup_fd, file, line, &value) == 0)
                json_add_u64(o, name, value);
}

void limits_add_json(struct daemon *d, const struct session *s, cJSON *to)
{
        const struct hf_use *use = kernel_use(d->kernel, s->slot);
        const struct limits l = limits_of(s);
        const uint64_t now = time_now(CLOCK_REALTIME);
        cJSON *limits, *used;

        if (!s->live)
                return;
        limits = cJSON_AddObjectToObject(to, "limits");
        add(limits, "memory", l.memory);
        add(limits, "cpu", l.cpu);
        add(limits, "pids", l.pids);
        add(limits, "files", l.files);
        add(limits, "disk", l.disk);
        add(limits, "bytes_out", l.sent);
        add(limits, "wall", l.wall);
        add(limits, "idle", l.idle);
        used = cJSON_AddObjectToObject(to, "use");
        add_number(used, "memory", s, "memory.current", "");
        add_number(used, "cpu", s, "cpu.stat", "usage_usec ");
        add_number(used, "pids", s, "pids.current", "");
        if (l.disk)
                json_add_u64(used, "disk", __atomic_load_n(&use->written, __ATOMIC_RELAXED));
        json_add_u64(used, "bytes_out", __atomic_load_n(&use->sent, __ATOMIC_RELAXED));
        json_add_u64(used, "wall", now > s->started ? (now - s->started) / SECOND : 0);
        if (s->trips.idle)
                json_add_u64(used, "idle", (time_now(CLOCK_MONOTONIC) - s->trips.busy) / SECOND);
}
