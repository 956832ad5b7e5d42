/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Egress by name: what a policy and its ceilings say of host names, in one piece of memory without pointers, which the resolver's process
 * maps. Names are given in lower case, without a dot at their end.
 *
 * Of one layer's rules the most exact name wins: the name itself before "*." of its parent, that before "*." of the parent above. Only the
 * rules at that name count, whatever their capabilities; there a denial takes its ports from what allows. What a name opens is what every
 * layer allows, ceilings by name or by address; a ceiling's denial of the name stands before both. Where a layer's denial by address holds
 * an address, its names open nothing of that there: only a rule by address at a longer prefix does, for its own capabilities.
 */
#ifndef HOLDFAST_POLICY_HOSTS_H
#define HOLDFAST_POLICY_HOSTS_H

#include "holdfast/abi.h"
#include "policy/policy.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hosts;
struct source;

#define HOST_NAME_MAX_BYTES 253 /* RFC 1035, without the dot at the end */

/* Checks a rule's "host" and writes it as the model has it, to be freed. 0, -EINVAL with an error, or -ENOMEM. */
int host_parse(const char *text, char **ret, struct error *e);

/*
 * Builds the table of the policy (layers[0]) and the ceilings over it (n - 1 more). *ret is NULL where the policy has no rule by name, else
 * to be freed. Returns 0, -EINVAL with findings (more than HF_PORTS ranges of one name), or -ENOMEM.
 */
int hosts_build(const struct source *layers, size_t n, struct hosts **ret, struct findings *findings);

/* The same of a policy and its ceilings, which are as in struct policy_vars. */
int policy_hosts(const struct policy *p, const struct ceiling *ceilings, struct hosts **ret, struct findings *findings);

/* Whether a rule of the policy itself has this very name. */
bool hosts_has(const struct hosts *h, const char *name);

/* Bytes of the table. */
size_t hosts_size(const struct hosts *h);

/*
 * Whether a session under live capabilities may ask for the name at all, on any port: HF_WHY_ALLOWED, _NO_RULE, _RULE (a denial of all
 * ports that anything allows) or _INACTIVE. *rule gets the rule that decided, with its layer; 0: none.
 */
enum hf_why hosts_decide(const struct hosts *h, const char *name, uint64_t live, uint32_t *rule);

/* The ports that a name opens at one address or another. Returns 0, or -ENOSPC where there are more than HF_PORTS. */
int hosts_ports(const struct hosts *h, const char *name, struct hf_egress *ret);

/* Whether an address is loopback, link-local, private, shared, multicast, a cloud's metadata or reserved: no name leads there by itself. */
bool addr_is_special(const uint8_t addr[16]);

/*
 * Adds the ports that the name opens at the address until then (s of CLOCK_BOOTTIME) to what is open there. An address that is special is
 * opened by rules with "private" alone, and one that stands apart (policy/zones.h: loopback, link-local, a cloud's metadata, multicast,
 * unspecified, reserved) by those too only where the rule is for the exact name. Returns how many ranges the name opens there, also of
 * those that were open already (0: it does not lead there), or -ENOSPC and changes nothing where there would be more than HF_PORTS. What is
 * past its time in egress is for the caller to drop.
 */
int hosts_open(const struct hosts *h, const char *name, const uint8_t addr[16], uint32_t until, struct hf_egress *egress);

#endif
