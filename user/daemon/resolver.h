/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The daemon's side of the resolver: a process without privileges that answers what sessions ask of name servers, and opens what the names
 * of their policies lead to. It is started with the first session whose policy has rules by name, and started again where it ends.
 */
#ifndef HOLDFAST_DAEMON_RESOLVER_H
#define HOLDFAST_DAEMON_RESOLVER_H

#include "base/error.h"
#include "policy/hosts.h"
#include "resolver/protocol.h"

#include <stdint.h>
#include <sys/types.h>
#include <systemd/sd-event.h>

struct daemon;
struct session;

struct resolver {
        pid_t pid;  /* 0: none runs */
        int orders; /* -1: none runs */
        sd_event_source *tells;
};

#define RESOLVER_INIT \
        { \
                .orders = -1 \
        }

/* What a session has of it. */
struct session_resolver {
        bool there;     /* it has sockets */
        bool known;     /* and the process knows them, and the names of the policy in force */
        uint64_t ended; /* when connections were ended last because a name's time was over, ns of CLOCK_BOOTTIME */
        uint16_t port;  /* of its sockets */
        int sockets[RESOLVER_SOCKETS];
        int names; /* memory with the names of the policy in force; -1: it has no rule by name */
        int next;  /* of the policy that comes next */
};

#define SESSION_RESOLVER_INIT \
        { \
                .sockets = { -1, -1, -1, -1 }, .names = -1, .next = -1 \
        }

void session_resolver_clear(struct session_resolver *r);

/*
 * Has the names of a policy, which is loaded under that id and not in force yet, answered (hosts NULL: it has none); the first time, makes
 * the session's sockets, in the network namespace of the process pid. Then resolver_switched() once it is in force (old 0: there was none
 * before), or resolver_take_back() where it does not come to that.
 */
int resolver_prepare(struct daemon *d, struct session *s, pid_t pid, uint32_t policy, const struct hosts *hosts, struct error *e);
void resolver_switched(struct daemon *d, struct session *s, uint32_t old);
void resolver_take_back(struct daemon *d, struct session *s, uint32_t policy);

/* Nothing more is opened for the session. To be called before its policy is unloaded. */
void resolver_end(struct daemon *d, struct session *s);

/* The same, and hears all that it has told of the session: to be called while that is known. */
void resolver_finish(struct daemon *d, struct session *s);

/* Takes up what an earlier daemon's did, with new sockets. */
void resolver_restore(struct daemon *d);

/* Hears what it has told so far: that of a name comes before the connection that the name leads to. */
void resolver_hear(struct daemon *d);

/* Starts it again where it has ended. */
void resolver_tick(struct daemon *d);

void resolver_stop(struct daemon *d);

#endif
