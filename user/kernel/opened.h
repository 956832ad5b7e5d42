/* SPDX-License-Identifier: Apache-2.0 */
/* Map "opened" by its descriptor, for a process that has that alone. */
#ifndef HOLDFAST_KERNEL_OPENED_H
#define HOLDFAST_KERNEL_OPENED_H

#include "holdfast/abi.h"

/* What names open at an address under a policy. 0 or negative errno. */
int opened_write(int map, __u32 policy, const __u8 addr[16], const struct hf_egress *egress);
void opened_delete(int map, __u32 policy, const __u8 addr[16]);

#endif
