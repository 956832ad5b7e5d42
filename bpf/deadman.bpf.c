// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The dead man's switch: once a second, a timer of the kernel looks whether the daemon had its turn, and does what the sessions' policies
 * say when it had none for too long. Looks are counted, not time: while the host is suspended, or a virtual machine paused, there are none,
 * and what the clocks have leapt over counts as one.
 */
#include "holdfast.bpf.h"

#define SECOND 1000000000ull
#define MONOTONIC 1 /* CLOCK_MONOTONIC: stands still while the host is suspended */

/* The map's pin keeps the timer going, and that the program. */
struct watch {
        struct bpf_timer timer;
        __u64 seen; /* the last heartbeat */
        __u32 missed;
        __u32 pad;
};

struct {
        __uint(type, BPF_MAP_TYPE_ARRAY);
        __uint(max_entries, 1);
        __type(key, __u32);
        __type(value, struct watch);
} deadman SEC(".maps");

/* The bits of one session. Those of a slot that is no running session are left alone. */
static long lose(struct bpf_map *map, const __u32 *slot, struct hf_session *session, void *context)
{
        __u32 strength = session->on_control_loss;

        if (*slot && session->generation && strength && !(session->kill & (HF_KILL_SETUP | strength)))
                __sync_fetch_and_or(&session->kill, strength);
        return 0;
}

static int look(void *map, __u32 *key, struct watch *w)
{
        const __u64 heartbeat = *(volatile __u64 *)&host.heartbeat;

        bpf_timer_start(&w->timer, SECOND, 0);
        if (heartbeat != w->seen) {
                w->seen = heartbeat;
                w->missed = 0;
                return 0;
        }
        if (!heartbeat || !host.control_timeout)
                return 0;
        if (w->missed < host.control_timeout)
                w->missed++;
        if (w->missed < host.control_timeout || *(volatile __u64 *)&host.control_lost)
                return 0;
        *(volatile __u32 *)&host.look = 1;
        bpf_for_each_map_elem(&sessions, lose, NULL, 0);
        *(volatile __u64 *)&host.control_lost = bpf_ktime_get_boot_ns();
        return 0;
}

/* Run once, when the programs are loaded. */
SEC("syscall")
int deadman_start(void *context)
{
        __u32 zero = 0;
        struct watch *w = bpf_map_lookup_elem(&deadman, &zero);

        if (!w)
                return -1;
        if (bpf_timer_init(&w->timer, &deadman, MONOTONIC) || bpf_timer_set_callback(&w->timer, look))
                return -1;
        return bpf_timer_start(&w->timer, SECOND, 0);
}
