/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/routes.h"

#include "base/cleanup.h"
#include "daemon/roles.h"

const struct http_route routes[] = {
        { "GET", "/v1/sessions", route_sessions_list, MAY_SEE },
        { "POST", "/v1/sessions", route_sessions_create_once, MAY_BEGIN },
        { "GET", "/v1/sessions/:id", route_session_show, MAY_SEE },
        { "GET", "/v1/sessions/:id/policy", route_session_policy_show, MAY_SEE },
        { "PUT", "/v1/sessions/:id/policy", route_session_policy_apply, MAY_CHANGE },
        { "GET", "/v1/sessions/:id/explain", route_session_explain, MAY_SEE },
        { "GET", "/v1/kills", route_kills_list, MAY_SEE },
        { "POST", "/v1/kills", route_kills_set_once, MAY_KILL },
        { "DELETE", "/v1/kills", route_kills_lift, MAY_KILL },
        { "DELETE", "/v1/kills/:id", route_kill_lift, MAY_KILL },
        { "GET", "/v1/drills", route_drills_list, MAY_WATCH },
        { "POST", "/v1/drills", route_drills_record, MAY_DRILL },
        { "GET", "/v1/policies", route_policies_list, MAY_READ },
        { "POST", "/v1/policies/check", route_policies_check, MAY_READ },
        { "GET", "/v1/policies/:name", route_policy_show, MAY_READ },
        { "GET", "/v1/events", route_events, MAY_FOLLOW },
        { "GET", "/v1/why", route_why, MAY_WONDER },
        { "GET", "/v1/tokens", route_tokens_list, MAY_GRANT },
        { "POST", "/v1/tokens", route_tokens_create, MAY_GRANT },
        { "DELETE", "/v1/tokens/:id", route_token_revoke, MAY_GRANT },
        { "GET", "/v1/workspaces", route_workspaces_list, MAY_SEE },
        { "GET", "/v1/workspaces/:id/diff", route_workspace_diff, MAY_CHANGE },
        { "POST", "/v1/workspaces/:id/apply", route_workspace_apply, MAY_CHANGE },
        { "DELETE", "/v1/workspaces/:id", route_workspace_discard, MAY_CHANGE },
        { "GET", "/v1/openapi.json", route_openapi, MAY_READ },
        { "GET", "/v1/health", route_health, MAY_WATCH },
        { "GET", "/metrics", route_metrics, MAY_WATCH },
};

const size_t routes_count = ARRAY_SIZE(routes);
