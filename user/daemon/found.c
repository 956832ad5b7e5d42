/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/found.h"

#include "base/buffer.h"
#include "base/json.h"
#include "base/time.h"
#include "daemon/daemon.h"
#include "daemon/events.h"
#include "daemon/found_look.h"
#include "daemon/process.h"
#include "holdfast/decide.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* A look holds up all that the daemon does else. */
#define LOOK_SECONDS 10
#define LOOK_SECONDS_USER 2 /* for others than root */

static const char *const dones[] = { [FOUND_REVOKED] = "revoked", [FOUND_STOPPED] = "stopped", [FOUND_LEFT] = "left" };

static bool is_fast(const struct findings *f, const char *where, const char *kind, const char *what)
{
        const size_t n = strlen(kind);

        for (int i = 0; i < f->count; i++)
                if (!strcmp(f->list[i].where, where) && !strncmp(f->list[i].what, kind, n) && f->list[i].what[n] == ' ' &&
                    !strcmp(f->list[i].what + n + 1, what))
                        return true;
        return false;
}

/* One more, or the same once more: code that was found as a mapping before is code. */
static bool is_known(struct found *f, const struct found_thing *thing)
{
        for (size_t i = 0; i < f->count; i++) {
                struct found_thing *t = &f->list[i];

                if (t->pid != thing->pid || strcmp(t->what, thing->what) != 0 || t->done != thing->done)
                        continue;
                if (thing->done == FOUND_LEFT)
                        t->kind = !strcmp(t->kind, "code") ? t->kind : thing->kind;
                else if (strcmp(t->kind, thing->kind) != 0)
                        continue;
                return true;
        }
        return false;
}

void found_add(struct look *l, const char *kind, pid_t pid, enum found_done done, const char *format, ...)
{
        struct found_thing thing = { .kind = kind, .pid = pid, .done = done }, *more;
        struct found *f = l->found;
        char where[32];
        va_list ap;

        va_start(ap, format);
        thing.what = text_format(format, ap);
        va_end(ap);
        if (!thing.what) {
                l->failed = true;
                return;
        }
        if (done == FOUND_FAST) {
                snprintf(where, sizeof(where), "process %d", pid);
                if (!is_fast(l->fast, where, kind, thing.what))
                        findings_add(l->fast, where, "%s %s", kind, thing.what);
        } else if (is_known(f, &thing)) {
                /* told already */
        } else if (f->count == FOUND_MAX) {
                f->more++;
        } else if ((more = reallocarray(f->list, f->count + 1, sizeof(*more)))) {
                f->list = more;
                f->list[f->count++] = thing;
                return;
        } else {
                l->failed = true;
        }
        free(thing.what);
}

bool found_excepted(const struct look *l, enum hf_guard guard)
{
        const struct hf_policy *p = kernel_policy(l->d->kernel, l->s->policy_id);

        return p->guard[guard] & hf_live(p);
}

bool found_by_exec(const struct look *l)
{
        return l->s->attach == ATTACH_EXEC;
}

int found_in_time(const struct look *l)
{
        return time_now(CLOCK_MONOTONIC) < l->until ? 0 : -ETIME;
}

static void look_clear(struct look *l)
{
        free(l->seen);
        free(l->segments);
        free(l->maps);
        free(l->looked);
        free(l->takers);
}

static bool was_looked_at(const struct look *l, pid_t pid)
{
        for (size_t i = 0; i < l->n_looked; i++)
                if (l->looked[i] == pid)
                        return true;
        return false;
}

/* Looks at the processes that were not looked at. Returns how many there were: what could not be frozen may go on forking. */
static int look_at_processes(struct look *l, struct error *e)
{
        _cleanup_free_ pid_t *list = NULL;
        size_t count = 0, fresh = 0;
        pid_t *looked;
        int r = session_members(l->d, l->s, &list, &count, e);

        if (r < 0)
                return r;
        for (size_t i = 0; i < count; i++)
                if (!was_looked_at(l, list[i]))
                        list[fresh++] = list[i];
        looked = reallocarray(l->looked, l->n_looked + fresh + 1, sizeof(*looked));
        if (!looked)
                return -ENOMEM;
        l->looked = looked;
        for (size_t i = 0; r == 0 && i < fresh; i++) {
                l->looked[l->n_looked++] = list[i];
                r = kernel_adopt(l->d->kernel, list[i], process_thread(list[i]), l->s->slot, e);
                r = r < 0 ? r : found_in_time(l);
        }
        for (size_t i = 0; r == 0 && i < fresh; i++) {
                r = found_look_at_process(l, list[i], e);
                r = r < 0 ? r : found_in_time(l);
        }
        return r < 0 ? r : (int)fresh;
}

/* All of it, and nothing is changed: where something is fast, the processes go on with all that they have. */
static int look_all(struct look *l, struct error *e)
{
        int r = found_look_at_tasks(l, e);

        /* Of what somebody outside has a hand in, the look might not come to an end. */
        if (r < 0 || l->fast->total)
                return r;
        do
                r = look_at_processes(l, e);
        while (r > 0);
        return r < 0 || found_by_exec(l) ? r : found_look_at_segments(l, e);
}

static int take_all(struct look *l, struct error *e)
{
        int r = 0;

        for (size_t i = 0; r == 0 && i < l->n_takers; i++)
                r = found_take_from(l, l->takers[i], e);
        return r;
}

int found_look(struct daemon *d, const struct session *s, uid_t who, struct found *ret, struct findings *fast, struct error *e)
{
        const unsigned seconds = who ? LOOK_SECONDS_USER : LOOK_SECONDS;
        _cleanup_(look_clear) struct look l = { .d = d, .s = s, .found = ret, .fast = fast };
        int r;

        l.until = time_now(CLOCK_MONOTONIC) + seconds * 1000000000ull;
        r = look_all(&l, e);
        if (r == 0 && !fast->total)
                r = take_all(&l, e);
        if (r == -ETIME)
                return error_set(e, -EBUSY,
                                 "nothing is confined, for the processes have more than can be looked at in %u s: attach fewer at once",
                                 seconds);
        if (r == -ENOMEM || l.failed)
                return error_set(e, -ENOMEM, "out of memory");
        if (r == 0 && fast->total)
                return error_set(e, -EBUSY,
                                 "nothing is confined, for the processes have what this policy does not give and nothing can take away");
        return r;
}

void found_clear(struct found *f)
{
        for (size_t i = 0; i < f->count; i++)
                free(f->list[i].what);
        free(f->list);
        *f = (struct found)FOUND_INIT;
}

void found_add_json(cJSON *session, const struct found *f)
{
        cJSON *list = cJSON_AddArrayToObject(session, "found");

        for (size_t i = 0; list && i < f->count; i++) {
                cJSON *item = cJSON_CreateObject();

                cJSON_AddStringToObject(item, "kind", f->list[i].kind);
                cJSON_AddNumberToObject(item, "pid", f->list[i].pid);
                json_add_text(item, "what", f->list[i].what);
                cJSON_AddStringToObject(item, "done", dones[f->list[i].done]);
                cJSON_AddItemToArray(list, item);
        }
        if (f->more)
                json_add_u64(session, "found_more", f->more);
}

static void report(struct daemon *d, const struct session *s, const char *kind, pid_t pid, const char *what, const char *done)
{
        cJSON *o = event_begin(d, s, "session", NULL, "holdfastd");

        if (o) {
                cJSON_AddStringToObject(o, "op", "found");
                cJSON_AddStringToObject(o, "found", kind);
                cJSON_SetNumberValue(cJSON_GetObjectItemCaseSensitive(o, "pid"), pid);
                json_add_text(o, "what", what);
                if (done)
                        cJSON_AddStringToObject(o, "action", done);
        }
        event_emit(d, o);
}

void found_report(struct daemon *d, const struct session *s, const struct found *f)
{
        char more[64];

        for (size_t i = 0; i < f->count; i++)
                report(d, s, f->list[i].kind, f->list[i].pid, f->list[i].what, dones[f->list[i].done]);
        snprintf(more, sizeof(more), "%zu things that are not named", f->more);
        if (f->more)
                report(d, s, "more", s->pid, more, NULL);
}
