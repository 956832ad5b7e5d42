/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of policy_compile(). */
#ifndef HOLDFAST_POLICY_COMPILE_H
#define HOLDFAST_POLICY_COMPILE_H

#include "policy/hosts.h"
#include "policy/tree.h"

/* A policy in its role. */
struct source {
        const struct policy *policy;
        const char *file; /* of a ceiling, for messages; NULL: the session's own policy */
        enum hf_layer layer;
};

/* Adds a finding at a JSON path of the source, with the file before it where it is a ceiling, or the policy whose capability it is. */
void source_finding(struct findings *findings, const struct source *source, const char *where, const char *format, ...)
        __attribute__((format(printf, 4, 5)));

/*
 * Folds what places from first on inherit and what rules say there into their nodes. Places above must be folded already. Returns 0,
 * -ENOMEM, or -E2BIG when patterns together are too many.
 */
int tree_fold(struct tree *t, size_t first);

/*
 * Makes places of the mount points that lie where a rule decides, so that the root of each file system there carries what the
 * place inherits. The tree must be folded, and is so afterwards. A mount point that cannot be reached is passed over. Returns 0 or
 * negative errno when it cannot go on.
 */
int tree_mounts(struct tree *t, const char *const *mounts);

/*
 * Makes places for the names that patterns match, wherever the tree has no place for them already. Places from which names lead on alike
 * share a table. The tree must be folded, and is so afterwards. Returns as tree_fold().
 */
int tree_states(struct tree *t);

/* Sets the flags and name tables of all nodes, once there are no more places to come. */
void tree_finish(struct tree *t);

/* Clips all places by the ceilings in layers, once the tree is finished; keeps there what the policy says by itself. 0 or -ENOMEM. */
int places_clip(struct compiled *c);

/*
 * The address prefixes of a policy, each with what shorter ones allow and deny: first what is allowed, without what a denial at the same or
 * a longer prefix took; then what denials at it and around it close (HF_PORT_DENIED), but for what is allowed before. Prefixes are sorted
 * by address, then length. IPv6 rules say nothing of IPv4, even where their prefix holds ::ffff:0:0/96: that one then stands for itself. Of
 * a ceiling, all capabilities are one. Returns 0, -EINVAL with findings, or -ENOMEM. *ret is to be freed.
 */
int net_compile(const struct source *source, struct prefix **ret, size_t *ret_n, struct findings *findings);

/* Leaves the prefixes of c with what the ceiling's allow too. Returns as net_compile(). */
int net_clip(struct compiled *c, const struct source *ceiling, struct findings *findings);

/* Which capabilities make which exceptions to the guard; and of them those that a ceiling allows, by any capability of it. */
void guard_compile(struct compiled *c, const struct policy *p);
void guard_clip(struct compiled *c, const struct policy *ceiling);

/* What is told of what capabilities allow; and beside it all that a ceiling has told by any capability of it, whatever allows it. */
void audit_compile(struct compiled *c, const struct policy *p);
void audit_ceiling(struct compiled *c, const struct policy *ceiling);

/* The parts of both. Order of address prefixes: by address, then length. */
int prefix_compare(const struct prefix *a, const struct prefix *b);

/*
 * Whether the second prefix, which lies in the first, takes over what the first says. IPv4 takes nothing from IPv6, and what lies in a
 * zone (policy/zones.h) nothing from around it.
 */
bool prefix_inherits(const struct prefix *wide, const struct prefix *narrow);

/* The ports of an egress rule; of a denial without capabilities. */
struct hf_port egress_port(const struct source *source, int number);

/* Writes what two ranges have in common, else as the first is; false: nothing, and ret is untouched. */
bool port_common(const struct hf_port *a, const struct hf_port *b, struct hf_port *ret);

/* Adds ports, or their capabilities or later end to the same ones. Returns 0 or -ENOSPC. */
int egress_add(struct hf_egress *egress, const struct hf_port *port);

/* Adds what of the ports the ceiling allows too. Returns 0 or -ENOSPC. */
int egress_add_allowed(struct hf_egress *egress, const struct hf_port *port, const struct hf_egress *ceiling);

/* Takes the ports out of what is allowed. Returns 0 or -ENOSPC. */
int egress_take(struct hf_egress *egress, const struct hf_port *port);

/* Whether the ceiling allows all of the ports. */
bool egress_allows(const struct hf_egress *ceiling, const struct hf_port *port);

/* Whether a ceiling allows less than the policy at one of the policy's own names, whatever their addresses. */
bool hosts_clipped(const struct hosts *h);

#endif
