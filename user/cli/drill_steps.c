/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/drill.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "base/time.h"
#include "cli/client.h"
#include "cli/command.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#define OLD (1u << DRILL_OLD)
#define NEW (1u << DRILL_NEW)
#define OTHER (1u << DRILL_OTHER)
#define USER (1u << DRILL_USER)
#define STILL_NS 100000000ull /* for so long what is frozen does nothing */
#define REFUSALS 50           /* a canary that was refused so often, and permitted nothing meanwhile, will not be */
#define EXPIRES "5m"          /* of each kill, should the drill itself be killed */

struct step {
        const char *scope, *strength;
        unsigned strikes; /* canaries; the others go on */
};

static const struct step steps[] = {
        { "session", "deny", OLD },       { "session", "pause", OLD },      { "session", "kill", OLD },
        { "agent@version", "deny", OLD }, { "agent@version", "kill", OLD }, { "capability", "deny", OLD | NEW },
        { "user", "deny", USER },         { "user", "pause", USER },        { "user", "kill", USER },
        { "agent", "deny", OLD | NEW },   { "agent", "pause", OLD | NEW },  { "agent", "kill", OLD | NEW },
};

static const struct step everything = { "all", "pause", OLD | NEW | OTHER };

/* A step under way. */
struct attempt {
        struct drill *d;
        const struct step *step;
        cJSON *report;
        bool failed;
        unsigned present;                 /* canaries that there are */
        uint64_t asked, answered;         /* ns of CLOCK_BOOTTIME */
        uint64_t refused[DRILL_CANARIES]; /* before */
        uint64_t until;
};

__attribute__((format(printf, 2, 3))) static void failed(struct attempt *t, const char *format, ...)
{
        char text[512];
        va_list list;

        va_start(list, format);
        vsnprintf(text, sizeof(text), format, list);
        va_end(list);
        t->failed = true;
        if (*t->d->stop)
                return; /* that is why, and is said once */
        if (!cJSON_GetObjectItemCaseSensitive(t->report, "why"))
                json_add_text(t->report, "why", text);
        drill_wrong(t->d, "%s, %s: %s", t->step->scope, t->step->strength, text);
}

static uint64_t read_count(const uint64_t *count)
{
        return __atomic_load_n(count, __ATOMIC_ACQUIRE);
}

static bool grows(struct attempt *t, const uint64_t *count, uint64_t by)
{
        uint64_t before = read_count(count);

        while (read_count(count) < before + by)
                if (!drill_waits(t->d, t->until))
                        return false;
        return true;
}

/* Whether it does something; not, where it is refused again and again. */
static bool at_work(struct attempt *t, const struct canary_seen *seen)
{
        uint64_t permitted = read_count(&seen->permitted), refused = read_count(&seen->refused);

        while (read_count(&seen->permitted) < permitted + 2)
                if (read_count(&seen->refused) > refused + REFUSALS || !drill_waits(t->d, t->until))
                        return false;
        return true;
}

/* Those of the step that do not run are started; all are at work. */
static bool get_ready(struct attempt *t)
{
        t->until = time_now(CLOCK_BOOTTIME) + DRILL_PATIENCE;
        for (unsigned i = 0; i < DRILL_CANARIES; i++) {
                struct canary *c = &t->d->canaries[i];
                int r = 0;

                if (!(t->present & 1u << i))
                        continue;
                if (canary_gone(c)) {
                        canary_end(c);
                        r = canary_start(c, t->d->socket, t->d->folder, (unsigned)(DRILL_PATIENCE / 1000000000ull), t->d->stop);
                }
                if (r < 0)
                        failed(t, "the canary %s cannot begin: %s", c->name, r == -ENOENT ? c->seen->why : strerror(-r));
                else if (!at_work(t, c->seen))
                        failed(t, "the canary %s can do nothing in %s: does the policy \"drill\", or a ceiling, refuse it? See --folder",
                               c->name, c->folder);
                if (t->failed)
                        return false;
                t->refused[i] = read_count(&c->seen->refused);
        }
        return true;
}

static void add_target(cJSON *body, const struct attempt *t)
{
        const struct drill *d = t->d;
        const char *scope = t->step->scope;

        if (!strcmp(scope, "session"))
                json_add_text(body, "session", d->canaries[DRILL_OLD].seen->session);
        else if (!strcmp(scope, "capability"))
                json_add_text(body, "capability", d->name);
        else if (!strcmp(scope, "user"))
                json_add_text(body, "user", d->user);
        else if (!strcmp(scope, "all"))
                cJSON_AddTrueToObject(body, "all");
        else
                json_add_text(body, "agent", d->name);
        if (!strcmp(scope, "agent@version"))
                json_add_text(body, "version", "1");
}

static double number(const cJSON *o, const char *name)
{
        return cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(o, name));
}

static void note_answer(struct attempt *t, const cJSON *answer)
{
        const char *id = json_get_string(answer, "id");
        int expected = __builtin_popcount(t->step->strikes & t->present);
        double sessions = number(answer, "sessions");

        snprintf(t->d->standing, sizeof(t->d->standing), "%s", id ? id : "");
        if (id && t->step != &everything)
                cJSON_AddItemToArray(t->d->kills, cJSON_CreateString(id));
        if (id)
                json_add_text(t->report, "kill", id);
        cJSON_AddNumberToObject(t->report, "sessions", sessions);
        cJSON_AddNumberToObject(t->report, "in_force_ns", number(answer, "took_ns"));
        cJSON_AddNumberToObject(t->report, "answered_ns", (double)(t->answered - t->asked));
        if (!id)
                failed(t, "the daemon's answer has no kill");
        else if (t->step != &everything && (int)sessions != expected)
                failed(t, "it struck %.0f sessions, and %d canaries were to be struck", sessions, expected);
}

static bool ask(struct attempt *t)
{
        _cleanup_reply_ struct client_reply reply = { .quiet = true };
        _cleanup_json_ cJSON *body = cJSON_CreateObject();
        int status;

        add_target(body, t);
        json_add_text(body, "strength", t->step->strength);
        json_add_text(body, "reason", t->d->reason);
        json_add_text(body, "for", EXPIRES);
        t->asked = time_now(CLOCK_BOOTTIME);
        status = client_ask(t->d->socket, "POST", "/v1/kills", body, &reply);
        t->answered = time_now(CLOCK_BOOTTIME);
        if (status == STATUS_DONE)
                note_answer(t, reply.json);
        else
                failed(t, "it could not be set: %s", client_problem(&reply));
        return status == STATUS_DONE;
}

/* ---- what becomes of the canaries ------------------------------------------------------------------------------------------------ */

static bool paused(struct attempt *t, const struct canary *c)
{
        _cleanup_reply_ struct client_reply reply = { .quiet = true };
        _cleanup_free_ char *path = client_path("/v1/sessions/", c->seen->session, "");
        uint64_t rounds = read_count(&c->seen->rounds), until = time_now(CLOCK_BOOTTIME) + STILL_NS;
        const char *state;

        if (!path || client_ask(t->d->socket, "GET", path, NULL, &reply) != STATUS_DONE)
                return false;
        state = json_get_string(reply.json, "state");
        if (!state || strcmp(state, "paused") != 0)
                return false;
        while (drill_waits(t->d, until))
                ;
        return read_count(&c->seen->rounds) == rounds;
}

static void await_end(struct attempt *t, struct canary *c)
{
        double ns;

        while (!canary_gone(c))
                if (!drill_waits(t->d, t->until)) {
                        failed(t, "the canary %s was not ended", c->name);
                        return;
                }
        ns = (double)(time_now(CLOCK_BOOTTIME) - t->asked);
        if (!WIFSIGNALED(c->status) || WTERMSIG(c->status) != SIGKILL)
                failed(t, "the canary %s ended of its own", c->name);
        cJSON_DeleteItemFromObjectCaseSensitive(t->report, "ended_ns");
        cJSON_AddNumberToObject(t->report, "ended_ns", ns);
}

/* Waits until it is stopped. Where it goes on, measure() tells. */
static void await_effect(struct attempt *t, struct canary *c)
{
        const bool pause = !strcmp(t->step->strength, "pause");
        uint64_t refused = read_count(&c->seen->refused);

        if (!strcmp(t->step->strength, "kill")) {
                await_end(t, c);
                return;
        }
        while (pause ? !paused(t, c) : read_count(&c->seen->refused) < refused + 2) {
                if (canary_after(c, t->answered))
                        return;
                if (!drill_waits(t->d, t->until)) {
                        failed(t, "the canary %s was not %s", c->name, pause ? "frozen" : "refused");
                        return;
                }
        }
}

/* The last permitted action of all that were struck, after the request; and what came after the answer, which must be nothing. */
static void measure(struct attempt *t)
{
        unsigned late = 0;
        uint64_t last = 0;

        for (unsigned i = 0; i < DRILL_CANARIES; i++) {
                const struct canary *c = &t->d->canaries[i];
                uint64_t time;

                if (!(t->step->strikes & t->present & 1u << i))
                        continue;
                time = canary_last(c);
                last = time > last ? time : last;
                late += canary_after(c, t->answered);
        }
        cJSON_AddNumberToObject(t->report, "last_permitted_ns", (double)last - (double)t->asked);
        cJSON_AddNumberToObject(t->report, "permitted_after_answer", late);
        if (late)
                failed(t, "%u actions were begun after the answer, and permitted", late);
}

/* Canaries that the kill is not for notice nothing. */
static void check_others(struct attempt *t)
{
        for (unsigned i = 0; i < DRILL_CANARIES; i++) {
                struct canary *c = &t->d->canaries[i];

                if (!(t->present & ~t->step->strikes & 1u << i))
                        continue;
                if (canary_gone(c) || !grows(t, &c->seen->permitted, 2))
                        failed(t, "the canary %s, which it is not for, was stopped", c->name);
                else if (read_count(&c->seen->refused) != t->refused[i])
                        failed(t, "the canary %s, which it is not for, was refused something", c->name);
        }
}

bool drill_lift(struct drill *d)
{
        _cleanup_reply_ struct client_reply reply = { .quiet = true };
        _cleanup_free_ char *path = *d->standing ? client_path("/v1/kills/", d->standing, "") : NULL;

        if (path && client_ask(d->socket, "DELETE", path, NULL, &reply) != STATUS_DONE && reply.status != 404)
                drill_wrong(d, "the kill %s could not be lifted, and expires by itself after " EXPIRES ": %s", d->standing,
                            client_problem(&reply));
        d->standing[0] = '\0';
        return reply.status != 404;
}

static void check_resumed(struct attempt *t)
{
        for (unsigned i = 0; i < DRILL_CANARIES; i++)
                if ((t->step->strikes & t->present & 1u << i) && !grows(t, &t->d->canaries[i].seen->permitted, 2))
                        failed(t, "the canary %s does not go on after the lift", t->d->canaries[i].name);
}

static void attempt(struct attempt *t)
{
        if (!get_ready(t) || !ask(t)) {
                t->d->over = true;
                return;
        }
        t->until = time_now(CLOCK_BOOTTIME) + DRILL_PATIENCE;
        for (unsigned i = 0; i < DRILL_CANARIES; i++)
                if (t->step->strikes & t->present & 1u << i)
                        await_effect(t, &t->d->canaries[i]);
        if (t->step != &everything)
                check_others(t);
        measure(t);
        if (!drill_lift(t->d) && strcmp(t->step->strength, "kill") != 0)
                failed(t, "the kill stood no more: somebody else lifted it, so it may not have held");
        t->until = time_now(CLOCK_BOOTTIME) + DRILL_PATIENCE;
        if (strcmp(t->step->strength, "kill") != 0)
                check_resumed(t);
}

static void run_step(struct drill *d, const struct step *step, unsigned present)
{
        struct attempt t = { .d = d, .step = step, .report = cJSON_CreateObject(), .present = present };

        cJSON_AddItemToArray(d->steps, t.report);
        cJSON_AddStringToObject(t.report, "scope", step->scope);
        cJSON_AddStringToObject(t.report, "strength", step->strength);
        attempt(&t);
        if (*d->standing)
                drill_lift(d);
        cJSON_AddBoolToObject(t.report, "passed", !t.failed && !*d->stop);
}

static void not_drilled(struct drill *d, const char *scope, const char *reason)
{
        cJSON *o = cJSON_CreateObject();

        cJSON_AddStringToObject(o, "scope", scope);
        json_add_text(o, "reason", reason);
        cJSON_AddItemToArray(d->undrilled, o);
}

/* Whether there can be a canary of a user that is nobody else's. Where not, it is said. */
static bool start_user(struct drill *d)
{
        struct canary *c = &d->canaries[DRILL_USER];
        int r;

        if (!c->uid) {
                not_drilled(d, "user",
                            "only root can have canaries of a user of their own; a kill of yours would strike your other sessions");
                return false;
        }
        r = canary_start(c, d->socket, d->folder, (unsigned)(DRILL_PATIENCE / 1000000000ull), d->stop);
        if (r < 0 && !*d->stop)
                not_drilled(d, "user", r == -ENOENT ? c->seen->why : strerror(-r));
        return r == 0;
}

void drill_steps(struct drill *d)
{
        bool user = start_user(d);
        unsigned present = OLD | NEW | OTHER | (user ? USER : 0);

        for (size_t i = 0; i < ARRAY_SIZE(steps) && !*d->stop && !d->over; i++)
                if (user || steps[i].strikes != USER)
                        run_step(d, &steps[i], present);
        if (!d->all)
                not_drilled(d, "all", "it would stop every session on this host for a moment: --all does that");
        else if (!*d->stop && !d->over)
                run_step(d, &everything, OLD | NEW | OTHER);
}
