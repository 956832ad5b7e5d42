/* SPDX-License-Identifier: Apache-2.0 */
/* The API: a table of routes, one file for each resource. docs/api.md says what each takes and gives. */
#ifndef HOLDFAST_DAEMON_ROUTES_H
#define HOLDFAST_DAEMON_ROUTES_H

#include "api/http.h"
#include "base/error.h"
#include "policy/policy.h"

#include <stddef.h>

struct daemon;

extern const struct http_route routes[];
extern const size_t routes_count;

void route_sessions_list(struct http_request *r, void *context);
void route_sessions_create(struct http_request *r, void *context);
void route_sessions_create_once(struct http_request *r, void *context);
void route_session_show(struct http_request *r, void *context);
void route_session_policy_show(struct http_request *r, void *context);
void route_session_policy_apply(struct http_request *r, void *context);
void route_session_explain(struct http_request *r, void *context);
void route_kills_list(struct http_request *r, void *context);
void route_kills_set(struct http_request *r, void *context);
void route_kills_set_once(struct http_request *r, void *context);
void route_kills_lift(struct http_request *r, void *context);
void route_kill_lift(struct http_request *r, void *context);
void route_drills_list(struct http_request *r, void *context);
void route_drills_record(struct http_request *r, void *context);
void route_policies_list(struct http_request *r, void *context);
void route_policy_show(struct http_request *r, void *context);
void route_policies_check(struct http_request *r, void *context);
void route_events(struct http_request *r, void *context);
void route_tokens_list(struct http_request *r, void *context);
void route_tokens_create(struct http_request *r, void *context);
void route_token_revoke(struct http_request *r, void *context);
void route_workspaces_list(struct http_request *r, void *context);
void route_workspace_diff(struct http_request *r, void *context);
void route_workspace_apply(struct http_request *r, void *context);
void route_workspace_discard(struct http_request *r, void *context);
void route_health(struct http_request *r, void *context);
void route_why(struct http_request *r, void *context);
void route_openapi(struct http_request *r, void *context);
void route_metrics(struct http_request *r, void *context);

/* request.c: what the routes share. Each that fails has answered the problem. */

/* Whether a body has only these members; names ends with NULL. */
bool request_members(struct http_request *r, const cJSON *body, const char *const names[]);

/* The argument "wait", in seconds; 0 where there is none. */
bool request_wait(struct http_request *r, unsigned *seconds);

/* A member that is text, or absent (*ret is then NULL). */
bool request_text(struct http_request *r, const cJSON *body, const char *name, const char **ret);

/*
 * The policy that a body names or holds: "policy" (a name, or the policy itself), or "policy_text" with "policy_file" for messages.
 * *file gets that file or name, as long as the body lives, or NULL.
 */
bool request_policy(struct http_request *r, const cJSON *body, struct policy **policy, char **text, const char **file);

/*
 * A policy from its text, which is in a file of the library, or in none (NULL); name is for messages, or NULL. *whole, to be freed, gets
 * the text with all that it extends.
 */
bool request_load_policy(struct http_request *r, const char *text, size_t length, const char *file, const char *name,
                         struct policy **policy, char **whole);

/* Answers what went wrong: findings, where there are any, as 422; file (may be NULL) is then named. */
void request_failed(struct http_request *r, const char *file, const struct findings *findings, const struct error *e);

#endif
