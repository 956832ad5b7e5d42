/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of this module share. */
#ifndef HOLDFAST_KERNEL_INTERNAL_H
#define HOLDFAST_KERNEL_INTERNAL_H

#include "kernel/kernel.h"
#include "kernel/loaded.h"

#include <bpf/libbpf.h>

/* The maps that user space holds, in the order of map_names[]. */
enum map {
        MAP_SESSIONS,
        MAP_HOST,
        MAP_POLICIES,
        MAP_BOOKS,
        MAP_HINTS,
        MAP_EGRESS,
        MAP_OPENED,
        MAP_NAMED,
        MAP_OWNERS,
        MAP_CGROUP_SESSIONS,
        MAP_CONTENTS,
        MAP_CGROUPS,
        MAP_PEERS,
        MAP_REQUEST,
        MAP_EVENTS,
        MAP_IPCS,
        MAP_THROTTLES,
        MAP_EXECUTABLES,
        MAPS,
};

enum iterator {
        ITER_STAMP,
        ITER_MEMBERS,
        ITER_OBJECTS,
        ITER_DECIDE,
        ITER_MAPPINGS,
        ITER_BUFFERS,
        ITER_CONTENTS,
        ITER_IPCS,
        ITER_SEE_TASKS,
        ITER_SEE_FILES,
        ITER_SEE_WATCHES,
        ITER_SEE_MAPPINGS,
        ITER_RELEASE,
        ITER_WRITTEN,
        ITERS,
};

#define CGROUP_PROGRAMS 11

struct kernel {
        int map[MAPS];
        int iter[ITERS];                     /* program descriptors */
        int cgroup_program[CGROUP_PROGRAMS]; /* the same, of a session's cgroup */
        struct hf_session *sessions;
        struct hf_host *host;
        struct hf_policy *policies;
        struct hf_request *request;
        struct ring_buffer *ring;
        struct holdfast_bpf__bss *bss; /* of the skeleton: the programs' data */
        struct hf_hints *hints;        /* in it */
        struct loaded loaded[HF_POLICIES];
        void *held;                 /* by all of them */
        bool unloaded[HF_POLICIES]; /* to be reaped */
        int n_unloaded;
        size_t unloaded_held;
        bool taken_over;
        /* During kernel_events_read(). */
        void (*each)(void *context, const struct hf_event *event, size_t size);
        void *each_context;
        int left;
};

/* Runs an iterator program over everything (of NULL) or what it names; chunk is called with what it wrote. */
int iter_run(int program, const union bpf_iter_link_info *of, int (*chunk)(void *context, const void *data, size_t size), void *context);

/* A negative errno and a message with the kernel's view of it. */
int kernel_error(struct error *e, int code, const char *what);

#endif
