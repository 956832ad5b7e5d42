/* SPDX-License-Identifier: Apache-2.0 */
/* The one context: everything the daemon holds. One event loop, and a thread that ends sockets (cutter.h). */
#ifndef HOLDFAST_DAEMON_DAEMON_H
#define HOLDFAST_DAEMON_DAEMON_H

#include "api/http.h"
#include "audit/audit.h"
#include "base/error.h"
#include "daemon/cgroup.h"
#include "daemon/config.h"
#include "daemon/cutter.h"
#include "daemon/drills.h"
#include "daemon/hostrules.h"
#include "daemon/keeper.h"
#include "daemon/killset.h"
#include "daemon/metrics.h"
#include "daemon/mounts.h"
#include "daemon/remote.h"
#include "daemon/replays.h"
#include "daemon/resolver.h"
#include "daemon/session.h"
#include "daemon/store.h"
#include "kernel/kernel.h"

#include <stdint.h>
#include <systemd/sd-event.h>

#define EVENTS_BATCH 64 /* events read before other work has its turn */

struct stream; /* a client that follows the events, see stream.h */

struct daemon {
        struct config config;
        int lock;
        sd_event *event;
        sd_event_source *events, *later, *tick, *beat;
        struct kernel *kernel;
        struct cgroups cgroups;
        struct keeper keeper;
        struct cutter *cutter;
        struct resolver resolver;
        struct store *store;
        struct audit *audit;
        struct journal journal;
        struct http_server *http;
        struct remote_access remote;
        struct sessions sessions;
        struct killset kills;
        struct stream *streams;
        sd_event_source *streams_again; /* has those go on that have looked at much and found nothing */
        struct metrics metrics;
        struct replays replays;
        struct command *commands; /* of tell.c, that run */
        struct job *jobs;         /* of jobs.c */
        uint64_t jobs_begun;
        bool empty_again; /* more was discarded since what removes that began */
        struct drills drills;
        struct hostrules hostrules;
        struct mounts mounts;  /* the daemon's own, for events of no session */
        uint64_t host_lost;    /* of kernel_host()->lost, what was reported */
        uint64_t started;      /* ns since the epoch */
        bool orphans;          /* a slot is in force that no session explains */
        uint64_t newest;       /* time of the last event that was read, ns of CLOCK_BOOTTIME */
        uint64_t lost_checked; /* when it was last looked what the kernel lost */
        bool draining;         /* the ring buffer is being read */
        struct read_event {
                uint32_t slot, kind;
        } batch[EVENTS_BATCH]; /* events that were read, and are not written yet */
        size_t batched;
};

/*
 * Starts everything. A configuration that is named must be there; the default one (NULL) need not. In this order: folders, lock, database,
 * kernel, cgroups, audit stream, sessions of before, API. On failure the error says what and nothing of this start stays attached that was
 * not before.
 */
int daemon_start(struct daemon *d, const char *config_path, bool debug, struct error *e);

/* Takes the lock that a daemon holds as long as it runs; the caller closes it. -EBUSY: one runs. */
int daemon_lock(int *lock, struct error *e);

/* Runs until SIGTERM or SIGINT. Enforcement and sessions go on without the daemon. */
int daemon_run(struct daemon *d);
void daemon_stop(struct daemon *d);

#define DAEMON_INIT \
        { \
                .config = CONFIG_INIT, .lock = -1, .cgroups = CGROUPS_INIT, .keeper = KEEPER_INIT, .journal = JOURNAL_INIT, \
                .resolver = RESOLVER_INIT, .hostrules = HOSTRULES_INIT \
        }

#endif
