/* SPDX-License-Identifier: Apache-2.0 */
/* /v1/health: how the daemon is. */
#include "base/json.h"
#include "base/time.h"
#include "daemon/access.h"
#include "daemon/daemon.h"
#include "daemon/routes.h"
#include "daemon/totals.h"

static void add_time(cJSON *o, const char *name, uint64_t time)
{
        char text[TIME_TEXT_SIZE];

        if (time)
                cJSON_AddStringToObject(o, name, time_format(time, text));
        else
                cJSON_AddNullToObject(o, name);
}

void route_health(struct http_request *r, void *context)
{
        struct daemon *d = context;
        struct totals t = totals_of(d);
        char started[TIME_TEXT_SIZE];
        struct peer peer;
        cJSON *o;

        if (access_peer(d, r, &peer) < 0)
                return;
        o = cJSON_CreateObject();
        if (o) {
                cJSON_AddStringToObject(o, "status", "ok");
                cJSON_AddStringToObject(o, "version", HOLDFAST_VERSION);
                cJSON_AddBoolToObject(o, "enforcing", true);
                cJSON_AddBoolToObject(o, "taken_over", kernel_taken_over(d->kernel));
                cJSON_AddStringToObject(o, "started", time_format(d->started, started));
                cJSON_AddNumberToObject(o, "sessions", (double)(t.states[0] + t.states[1] + t.states[2] + t.states[3]));
                cJSON_AddBoolToObject(o, "killed", __atomic_load_n(&kernel_host(d->kernel)->kill, __ATOMIC_ACQUIRE) != 0);
                json_add_u64(o, "seq", audit_seq(d->audit));
                json_add_u64(o, "lost", t.lost);
                add_time(o, "drill", d->drills.last);
                add_time(o, "drill_passed", d->drills.passed);
        }
        http_reply(r, 200, o);
}
