/* SPDX-License-Identifier: Apache-2.0 */
/* Throttles of capabilities: the kernel holds them; here is what follows once a budget is used. */
#ifndef HOLDFAST_DAEMON_THROTTLE_H
#define HOLDFAST_DAEMON_THROTTLE_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

struct daemon;
struct policy;
struct session;

/*
 * Before a session's policy is the one loaded under that id: what was used of a budget counts for the capability of the same name. From
 * here on what leaves is looked at where the policy, or the one before, has a throttle; throttle_switched(), to be called once the session
 * is under it, looks away.
 */
void throttle_switch(struct daemon *d, struct session *s, uint32_t id, const struct policy *policy);
void throttle_switched(struct daemon *d, struct session *s, uint32_t id);

/* Does what the policy says about budgets that were used since the last call: ends the connections, or pauses the session. */
void throttle_check(struct daemon *d, struct session *s);

/* The capabilities whose budget is used so that their connections end, not go on after a pause. */
uint64_t throttle_ends(struct daemon *d, const struct session *s);

/* Of a session that was paused for that, and goes on: those budgets begin anew. */
void throttle_renew(struct daemon *d, struct session *s);

/* Adds "throttles", an array, to what is told of a session whose policy has any. */
void throttle_add_json(struct daemon *d, const struct session *s, cJSON *to);

#endif
