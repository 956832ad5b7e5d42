/* SPDX-License-Identifier: Apache-2.0 */
/* /v1/drills: taking the report of a drill, signing it and putting it on record; listing them. */
#include "audit/signed.h"
#include "base/json.h"
#include "base/time.h"
#include "daemon/access.h"
#include "daemon/daemon.h"
#include "daemon/drills.h"
#include "daemon/events.h"
#include "daemon/routes.h"

#include <string.h>

#define REPORT_VERSION 1

void route_drills_list(struct http_request *r, void *context)
{
        struct daemon *d = context;
        struct peer peer;

        if (access_peer(d, r, &peer) < 0)
                return;
        http_reply(r, 200, drills_list(d->config.state));
}

static bool id_valid(const char *id)
{
        return id && *id && strlen(id) <= DRILL_ID_MAX && strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789") == strlen(id);
}

static bool steps_valid(const cJSON *steps)
{
        const cJSON *step;

        cJSON_ArrayForEach (step, steps)
                if (!cJSON_IsObject(step))
                        return false;
        return steps;
}

/* What the daemon relies on; the rest is the reporter's. */
static const char *report_wrong(const cJSON *body)
{
        uint64_t version = 0;
        bool passed;

        if (json_get_u64(body, "holdfast_drill", &version) < 0 || version != REPORT_VERSION)
                return "$.holdfast_drill: expected 1";
        if (!id_valid(json_get_string(body, "id")))
                return "$.id: expected 1 to 32 lower-case letters and digits";
        if (json_get_bool(body, "passed", &passed) < 0)
                return "$.passed: expected true or false";
        if (!steps_valid(json_get_array(body, "steps")))
                return "$.steps: expected an array of objects";
        return NULL;
}

static void report_event(struct daemon *d, const char *actor, bool passed, const char *digest, const char *path)
{
        cJSON *o = event_begin(d, NULL, "admin", "allow", actor);

        if (o) {
                cJSON_AddStringToObject(o, "op", "drill");
                cJSON_AddStringToObject(o, "reason", passed ? "a drill of the kill switch passed" : "a drill of the kill switch failed");
                cJSON_AddBoolToObject(o, "passed", passed);
                cJSON_AddStringToObject(o, "report", digest);
                json_add_text(o, "path", path);
        }
        event_emit_now(d, o);
}

static cJSON *answer(const cJSON *report, const char *path, const char *digest)
{
        cJSON *o = cJSON_CreateObject();

        if (!o)
                return NULL;
        json_add_text(o, "id", json_get_string(report, "id"));
        json_add_text(o, "recorded", json_get_string(report, "recorded"));
        cJSON_AddBoolToObject(o, "passed", cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(report, "passed")));
        json_add_text(o, "actor", json_get_string(report, "actor"));
        json_add_text(o, "path", path);
        cJSON_AddStringToObject(o, "sha256", digest);
        return o;
}

/* The report as it is signed: with when it was told, and who told it. */
static cJSON *complete(const cJSON *body, const char *actor, uint64_t now)
{
        cJSON *report = cJSON_Duplicate(body, true);
        char time[TIME_TEXT_SIZE];

        if (!report)
                return NULL;
        cJSON_DeleteItemFromObjectCaseSensitive(report, "recorded");
        cJSON_DeleteItemFromObjectCaseSensitive(report, "actor");
        cJSON_AddStringToObject(report, "recorded", time_format(now, time));
        json_add_text(report, "actor", actor);
        return report;
}

void route_drills_record(struct http_request *r, void *context)
{
        struct daemon *d = context;
        _cleanup_buffer_ struct buffer line = BUFFER_INIT;
        _cleanup_error_ struct error e = ERROR_INIT;
        _cleanup_json_ cJSON *report = NULL;
        _cleanup_free_ char *path = NULL;
        uint64_t now = time_now(CLOCK_REALTIME);
        char actor[ACTOR_SIZE], digest[65];
        const cJSON *body;
        const char *wrong;
        struct peer peer;
        bool passed;

        if (access_peer(d, r, &peer) < 0 || !(body = http_json(r)))
                return;
        wrong = report_wrong(body);
        if (wrong) {
                http_problem(r, 400, "bad-request", NULL, "%s", wrong);
                return;
        }
        report = complete(body, peer_actor(&peer, actor), now);
        if (!report)
                error_set(&e, -ENOMEM, "out of memory");
        else if (signed_write(d->audit, SIGNED_DRILL, report, &line, &e) == 0)
                drills_store(d->config.state, now, json_get_string(report, "id"), &line, &path, &e);
        if (!path) {
                http_problem_errno(r, &e);
                return;
        }
        passed = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(report, "passed"));
        d->drills.last = now;
        if (passed)
                d->drills.passed = now;
        drill_digest(line.data, line.length, digest);
        report_event(d, actor, passed, digest, path);
        http_reply(r, 201, answer(report, path, digest));
}
