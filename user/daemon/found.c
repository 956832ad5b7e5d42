/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/found.h"

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

#define LOOK_SECONDS 10

static const char *const dones[] = { [FOUND_REVOKED] = "revoked", [FOUND_STOPPED] = "stopped", [FOUND_LEFT] = "left" };

/* The look at a process is repeated while watches are removed from it. */
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
        for (size_t i = f->count; i-- && f->list[i].pid == thing->pid;) {
                struct found_thing *t = &f->list[i];

                if (strcmp(t->what, thing->what) != 0 || t->done != thing->done)
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
        int n;

        va_start(ap, format);
        n = vasprintf(&thing.what, format, ap);
        va_end(ap);
        if (n < 0) {
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

static void look_clear(struct look *l)
{
        free(l->seen);
        free(l->segments);
        free(l->maps);
}

/* A look holds up all that the daemon does else. */
static int in_time(uint64_t until, struct error *e)
{
        if (time_now(CLOCK_MONOTONIC) < until)
                return 0;
        return error_set(e, -EBUSY, "nothing is confined, for the processes have more than can be looked at in %d s: attach fewer at once",
                         LOOK_SECONDS);
}

static int look_all(struct look *l, struct error *e)
{
        const uint64_t until = time_now(CLOCK_MONOTONIC) + LOOK_SECONDS * 1000000000ull;
        _cleanup_free_ pid_t *list = NULL;
        size_t count = 0;
        int r = found_look_at_tasks(l, e);

        if (r >= 0)
                r = session_members(l->d, l->s, &list, &count, e);
        for (size_t i = 0; r >= 0 && i < count; i++) {
                r = kernel_adopt(l->d->kernel, list[i], process_thread(list[i]), l->s->slot, e);
                r = r < 0 ? r : in_time(until, e);
        }
        for (size_t i = 0; r >= 0 && i < count; i++) {
                r = found_look_at_process(l, list[i], e);
                r = r < 0 ? r : in_time(until, e);
        }
        if (r >= 0)
                r = found_look_at_segments(l, e);
        if (r >= 0 && l->failed)
                r = error_set(e, -ENOMEM, "out of memory");
        if (r >= 0 && l->fast->total)
                r = error_set(e, -EBUSY,
                              "nothing is confined, for the processes have what this policy does not give and nothing can take away");
        return r;
}

int found_look(struct daemon *d, const struct session *s, struct found *ret, struct findings *fast, struct error *e)
{
        _cleanup_(look_clear) struct look l = { .d = d, .s = s, .found = ret, .fast = fast };

        return look_all(&l, e);
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

void found_report(struct daemon *d, const struct session *s, const struct found *f)
{
        for (size_t i = 0; i < f->count; i++) {
                cJSON *o = event_new(d, s, "session", NULL, "holdfastd");

                if (o) {
                        cJSON_AddStringToObject(o, "op", "found");
                        cJSON_AddStringToObject(o, "found", f->list[i].kind);
                        cJSON_SetNumberValue(cJSON_GetObjectItemCaseSensitive(o, "pid"), f->list[i].pid);
                        json_add_text(o, "what", f->list[i].what);
                        cJSON_AddStringToObject(o, "action", dones[f->list[i].done]);
                }
                event_emit(d, o);
        }
}
