/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The programs' data, of which user space maps all but the third. */
#include "holdfast.bpf.h"

struct hf_host host SEC(".data.host");
struct hf_hints hints;
struct hf_known_task tasks_known[HF_TASKS_KNOWN];
struct hf_use uses[HF_SLOTS];

_Static_assert(HF_TASKS_KNOWN == 1 << 12, "known_task()");
