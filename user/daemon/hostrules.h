/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rules of the host (the configuration's "hosts") at work. A program that one names is marked with fanotify(7): whoever executes it
 * waits in the kernel until the daemon has taken the process into a session. So that a program which is replaced, or comes later, is marked
 * too, the folders on the way to it are watched with inotify(7). Where no daemon is there to answer, the kernel refuses it
 * (bpf/exec.bpf.c).
 */
#ifndef HOLDFAST_DAEMON_HOSTRULES_H
#define HOLDFAST_DAEMON_HOSTRULES_H

#include "base/error.h"
#include "kernel/kernel.h"

#include <stddef.h>
#include <sys/types.h>
#include <systemd/sd-event.h>

struct daemon;
struct way;
struct watch;

struct hostrules {
        int group; /* fanotify's; -1: there are no rules about programs */
        int watcher;
        sd_event_source *execs, *changes;
        struct way *ways; /* of each rule, what its program is now, and where */
        struct watch *watches;
        size_t n_watches;
        int *held;
};

#define HOSTRULES_INIT \
        { \
                .group = -1, .watcher = -1 \
        }

/* Marks what the rules name, and tells the kernel. To be called once the sessions of before are taken up. */
int hostrules_start(struct daemon *d, struct error *e);
void hostrules_stop(struct daemon *d);

#endif
