/* SPDX-License-Identifier: Apache-2.0 */
/* /v1/policies: those with a name, and checking one that has none yet. */
#include "base/json.h"
#include "daemon/access.h"
#include "daemon/daemon.h"
#include "daemon/library.h"
#include "daemon/routes.h"

#include <string.h>

DEFINE_CLEANUP(struct policy *, policy_free)

void route_policies_list(struct http_request *r, void *context)
{
        struct peer peer;

        if (access_peer(context, r, &peer) == 0)
                http_reply(r, 200, library_list());
}

void route_policy_show(struct http_request *r, void *context)
{
        _cleanup_error_ struct error e = ERROR_INIT;
        _cleanup_free_ char *text = NULL;
        size_t length = 0;
        struct peer peer;

        if (access_peer(context, r, &peer) < 0)
                return;
        if (library_read(http_segment(r, "name"), &text, &length, NULL, &e) < 0)
                http_problem_errno(r, &e);
        else
                http_reply_text(r, 200, "application/json", text, length);
}

void route_policies_check(struct http_request *r, void *context)
{
        _cleanup_(policy_freep) struct policy *policy = NULL;
        _cleanup_free_ char *whole = NULL;
        size_t length = 0;
        const char *text = http_body(r, &length);
        struct peer peer;
        cJSON *o;

        if (access_peer(context, r, &peer) < 0 || !request_load_policy(r, text, length, NULL, NULL, &policy, &whole))
                return;
        o = cJSON_CreateObject();
        if (o) {
                cJSON_AddTrueToObject(o, "ok");
                json_add_text(o, "name", policy->name);
                cJSON_AddNumberToObject(o, "capabilities", policy->n_capabilities);
                cJSON_AddNumberToObject(o, "rules", policy->n_rules);
        }
        http_reply(r, 200, o);
}
