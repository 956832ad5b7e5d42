/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of policy_parse(). */
#ifndef HOLDFAST_POLICY_PARSE_H
#define HOLDFAST_POLICY_PARSE_H

#include "policy/policy.h"
#include "policy/reader.h"

/* What the tables read into, beside their targets. */
struct parser {
        struct reader reader; /* first: the tables' functions get a pointer to it */
        struct policy *policy;
        int rules_room;
};

/* A capability's rules, added to the policy under the capability that was added last. */
void parse_files(struct reader *r, const cJSON *value, void *target);
void parse_egress(struct reader *r, const cJSON *value, void *target);

/* The exceptions that a capability makes to what the guard refuses. */
void parse_guard(struct reader *r, const cJSON *value, void *target);

/* The trips, added to the policy. */
void parse_trips(struct reader *r, const cJSON *value, void *target);

/* A duration, in s. */
void parse_duration(struct reader *r, const cJSON *value, uint64_t *ret);
void parse_size(struct reader *r, const cJSON *value, uint64_t *ret); /* bytes */
/* What is told of what a capability allows; and what is where it does not say so. */
#define AUDIT_DEFAULT (1u << HF_AUDIT_CONNECT | 1u << HF_AUDIT_DNS)
void parse_audit(struct reader *r, const cJSON *value, void *target);

/* Variables that a capability keeps; programs that the policy is for. */
void parse_environment(struct reader *r, const cJSON *value, void *target);
void parse_programs(struct reader *r, const cJSON *value, void *target);
void name_list_clear(struct name_list *names);

/* A policy's name, as "name", "extends" and "from" have it. *ret is set unless it is already, and to be freed. */
void parse_name(struct reader *r, const cJSON *value, char **ret);

/*
 * policy_parse() of a text that is a tree already; whole: as there, else "extends" is taken, and then needs no capabilities. With findings
 * a policy that could be read in part is returned all the same, to be freed.
 */
int policy_read(const cJSON *tree, bool whole, struct policy **ret, struct findings *findings);

/* A text for people: not empty, at most so many bytes, no control characters. *ret is set unless it is already, and to be freed. */
void parse_text(struct reader *r, const cJSON *value, char **ret, size_t most);

#endif
