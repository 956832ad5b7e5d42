/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/routes.h"

#include "base/cleanup.h"

const struct http_route routes[] = {
        { "GET", "/v1/sessions", route_sessions_list },
        { "POST", "/v1/sessions", route_sessions_create_once },
        { "GET", "/v1/sessions/:id", route_session_show },
        { "GET", "/v1/sessions/:id/policy", route_session_policy_show },
        { "PUT", "/v1/sessions/:id/policy", route_session_policy_apply },
        { "GET", "/v1/sessions/:id/explain", route_session_explain },
        { "GET", "/v1/kills", route_kills_list },
        { "POST", "/v1/kills", route_kills_set_once },
        { "DELETE", "/v1/kills", route_kills_lift },
        { "DELETE", "/v1/kills/:id", route_kill_lift },
        { "GET", "/v1/policies", route_policies_list },
        { "POST", "/v1/policies/check", route_policies_check },
        { "GET", "/v1/policies/:name", route_policy_show },
        { "GET", "/v1/events", route_events },
        { "GET", "/v1/health", route_health },
        { "GET", "/v1/openapi.json", route_openapi },
        { "GET", "/metrics", route_metrics },
};

const size_t routes_count = ARRAY_SIZE(routes);
