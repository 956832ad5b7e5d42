/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What of a session leaves by a capability that has a throttle: how much, and when. */
#ifndef HOLDFAST_THROTTLE_BPF_H
#define HOLDFAST_THROTTLE_BPF_H

#include "member.bpf.h"

/* What is charged for what goes there; NULL: nothing. The policy is filled in. */
static __always_inline struct hf_throttle *throttle_of(const struct agent *a, const struct peer_address *to, __u8 proto,
                                                       struct hf_throttle_key *key)
{
        *key = (struct hf_throttle_key){ .capability = net_charged(a, to, proto), .policy = a->policy };
        return key->capability ? bpf_map_lookup_elem(&throttles, key) : NULL;
}

#endif
