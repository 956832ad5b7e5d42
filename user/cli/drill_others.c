/* SPDX-License-Identifier: Apache-2.0 */
/* Everybody else's sessions in a drill: they must have seen nothing of it. */
#include "cli/drill.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "base/time.h"
#include "cli/client.h"
#include "cli/command.h"

#include <string.h>

static bool is_ours(const struct drill *d, const cJSON *session)
{
        const char *agent = json_get_string(session, "agent");

        return agent && !strncmp(agent, d->name, strlen(d->name));
}

static cJSON *list(const struct drill *d, const char *path)
{
        _cleanup_reply_ struct client_reply reply = { .quiet = true };

        if (client_ask(d->socket, "GET", path, NULL, &reply) != STATUS_DONE || !cJSON_IsArray(reply.json))
                return NULL;
        return TAKE_PTR(reply.json);
}

bool drill_others_before(struct drill *d)
{
        _cleanup_reply_ struct client_reply reply = { 0 };
        const char *version;

        if (client_ask(d->socket, "GET", "/v1/health", NULL, &reply) != STATUS_DONE)
                return false;
        version = json_get_string(reply.json, "version");
        json_add_text(d->report, "version", version ? version : "");
        json_get_u64(reply.json, "seq", &d->since);
        d->before = list(d, "/v1/sessions?state=live");
        return d->before;
}

static const cJSON *find(const cJSON *sessions, const char *id)
{
        const cJSON *s;

        cJSON_ArrayForEach (s, sessions) {
                const char *other = json_get_string(s, "id");

                if (id && other && !strcmp(id, other))
                        return s;
        }
        return NULL;
}

static bool says(const cJSON *o, const char *name, const char *text)
{
        const char *found = json_get_string(o, name);

        return found && !strcmp(found, text);
}

/* Each that lived is there, and what happened to it meanwhile was not this drill's doing. */
static void compare(struct drill *d, const cJSON *after, cJSON *report)
{
        const cJSON *before;
        double sessions = 0, ended = 0, struck = 0;

        cJSON_ArrayForEach (before, d->before) {
                const char *id = json_get_string(before, "id");
                const cJSON *now = find(after, id);

                sessions++;
                ended += says(now, "state", "ended");
                if (now && !says(now, "kill_reason", d->reason) && !says(now, "end_reason", d->reason))
                        continue;
                struck++;
                drill_wrong(d, "session %s, which is not the drill's, %s", id, now ? "was struck by it" : "is gone without a trace");
        }
        cJSON_AddNumberToObject(report, "sessions", sessions);
        cJSON_AddNumberToObject(report, "ended", ended);
        cJSON_AddNumberToObject(report, "struck", struck);
}

struct search {
        struct drill *d;
        double refused;
};

static bool by_our_kill(const struct drill *d, const cJSON *event)
{
        const cJSON *id;

        cJSON_ArrayForEach (id, d->kills)
                if (says(event, "kill", id->valuestring))
                        return true;
        return false;
}

/* A refusal that names a kill of the drill's, in a session that is not. */
static int look(void *context, const char *line, size_t length)
{
        struct search *s = context;
        _cleanup_json_ cJSON *event = NULL;

        if (!memmem(line, length, "\"kill\":\"", 8) || !memmem(line, length, "\"deny\"", 6))
                return 0;
        event = cJSON_ParseWithLength(line, length);
        if (!says(event, "verdict", "deny") || says(event, "kind", "kill") || !json_get_string(event, "session") || is_ours(s->d, event) ||
            !by_our_kill(s->d, event))
                return 0;
        if (!s->refused++)
                drill_wrong(s->d, "session %s, which is not the drill's, was refused something by it", json_get_string(event, "session"));
        return 0;
}

static void search_events(struct drill *d, cJSON *report)
{
        struct search s = { .d = d };
        char path[64];

        snprintf(path, sizeof(path), "/v1/events?since=%llu", (unsigned long long)d->since);
        if (client_follow(d->socket, path, look, &s, NULL) != STATUS_DONE)
                drill_wrong(d, "the events of the time of the drill cannot be read");
        cJSON_AddNumberToObject(report, "refused", s.refused);
}

/* Something of the drill that lives yet, in words; NULL: nothing. */
static const char *left(struct drill *d)
{
        _cleanup_json_ cJSON *sessions = list(d, "/v1/sessions?state=live"), *kills = list(d, "/v1/kills");
        const cJSON *o;

        if (!sessions || !kills)
                return "holdfastd does not answer, so what is left of the drill is not known";
        cJSON_ArrayForEach (o, sessions)
                if (is_ours(d, o))
                        return "a session of the drill lives yet";
        cJSON_ArrayForEach (o, kills)
                if (says(o, "reason", d->reason))
                        return "a kill of the drill stands yet";
        return access(d->folder, F_OK) == 0 ? "the folder of the drill is there yet" : NULL;
}

void drill_others_after(struct drill *d)
{
        uint64_t until = time_now(CLOCK_BOOTTIME) + DRILL_PATIENCE;
        const volatile int *stop = d->stop;
        static const int never;
        cJSON *report = cJSON_AddObjectToObject(d->report, "others");
        _cleanup_json_ cJSON *after = NULL;
        const char *what;

        d->stop = &never; /* who interrupts wants it to end in order */
        while ((what = left(d)) && strncmp(what, "holdfastd", 9) != 0 && drill_waits(d, until))
                ;
        d->stop = stop;
        after = list(d, "/v1/sessions");
        if (what)
                drill_wrong(d, "%s", what);
        if (!after)
                return;
        compare(d, after, report);
        search_events(d, report);
}
