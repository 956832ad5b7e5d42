/* SPDX-License-Identifier: Apache-2.0 */
/* Maps "opened" and "named" by their descriptors, for a process that has those alone. */
#ifndef HOLDFAST_KERNEL_OPENED_H
#define HOLDFAST_KERNEL_OPENED_H

#include "holdfast/abi.h"

/* What names open at an address under a policy. 0 or negative errno. */
int opened_write(int map, __u32 policy, const __u8 addr[16], const struct hf_egress *egress);
void opened_delete(int map, __u32 policy, const __u8 addr[16]);

/* The same of map "named": what a name of at most HF_HOST_NAME - 1 bytes opens there by itself. */
int named_write(int map, __u32 policy, const __u8 addr[16], const char *name, const struct hf_egress *egress);
void named_delete(int map, __u32 policy, const __u8 addr[16], const char *name);

#endif
