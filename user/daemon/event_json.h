/* SPDX-License-Identifier: Apache-2.0 */
/* One event of the kernel as a line of the audit stream. Pure. */
#ifndef HOLDFAST_DAEMON_EVENT_JSON_H
#define HOLDFAST_DAEMON_EVENT_JSON_H

#include "daemon/mounts.h"
#include "holdfast/abi.h"
#include "policy/policy.h"

#include <cjson/cJSON.h>

/* What is known around an event. Members may be NULL where it is not known. */
struct event_context {
        const char *session, *agent, *user;
        const struct policy *policy;    /* the one that the event's policy and rule numbers mean */
        const struct ceiling *ceilings; /* that it was compiled under, as in struct policy_vars */
        const struct mounts *mounts;
        const char *kill_reason; /* of the kill that refuses it, of the whole session or of the capability */
        const char *kill;        /* its id */
        const char *host;        /* the name that led to a connection's address */
};

/*
 * Returns the object without seq and time, or NULL when memory runs out or size is too small for the event. Every denial has
 * right, capability and rule: where no rule decided they read "none" and "default deny" (or "kill", "guard"). Where a rule or its
 * absence decided, layer is "policy", "user" or "host", whose rule it is. What is allowed has capability and rule where a rule allows it.
 */
cJSON *event_json(const struct hf_event *event, size_t size, const struct event_context *context);

/*
 * Adds what decided: capability, rule, hint, why, reason and kill. An explanation is given by the same function, from an event that has no
 * more than rule, why and flags, so that it reads as the event of the refusal does.
 */
void event_add_decision(cJSON *o, const struct hf_event *event, const struct event_context *context);

/* An address as text: IPv4-mapped as IPv4. */
const char *address_text(const uint8_t addr[16], char out[48]);

#endif
