/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of policy_compile(). */
#ifndef HOLDFAST_POLICY_COMPILE_H
#define HOLDFAST_POLICY_COMPILE_H

#include "policy/tree.h"

/* Folds what places from first on inherit and what rules say there into their nodes. Places above must be folded already. */
void tree_fold(struct tree *t, size_t first);

/*
 * Makes places of the mount points that lie where a rule decides, so that the root of each file system there carries what the
 * place inherits. The tree must be folded, and is so afterwards. A mount point that cannot be reached is passed over. Returns 0 or
 * negative errno when it cannot go on.
 */
int tree_mounts(struct tree *t, const char *const *mounts);

/* Sets the flags and name tables of all nodes, once there are no more places to come. */
void tree_finish(struct tree *t);

/*
 * The address prefixes of a policy, each with what shorter ones allow. Prefixes are sorted by address, then length. IPv6 rules say
 * nothing of IPv4, even where their prefix holds ::ffff:0:0/96: that one then stands for itself. Returns 0, -EINVAL with findings,
 * or -ENOMEM. *ret is to be freed.
 */
int net_compile(const struct policy *p, struct prefix **ret, size_t *ret_n, struct findings *findings);

#endif
