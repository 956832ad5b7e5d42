/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ends sockets by sock_diag(7), in a thread of its own: to end a socket the kernel waits for whoever is using it, which a session can make
 * long. The daemon's one other thread; it has nothing of the daemon but what it is given here.
 */
#ifndef HOLDFAST_DAEMON_CUTTER_H
#define HOLDFAST_DAEMON_CUTTER_H

#include <linux/inet_diag.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct flow {
        uint8_t protocol; /* IPPROTO_TCP or IPPROTO_UDP */
        struct inet_diag_msg is;
};

struct cutter;

int cutter_new(struct cutter **ret); /* 0 or negative errno */

/* Its thread ends by itself once it is through with what it was given. NULL does nothing. */
void cutter_free(struct cutter *c);

/* Waits until it has nothing to do, unless that takes it more than a moment. Returns whether it has nothing to do. */
bool cutter_settle(struct cutter *c);

/*
 * Ends sockets of a session by a netlink socket of their network namespace, which stays the caller's. One that is gone by then is no fault;
 * what else fails is logged. 0, -ENOMEM or another negative errno; -EBUSY: it has enough to do for that session, and this is not urgent, as
 * which it would come before all others.
 */
int cutter_cut(struct cutter *c, uint32_t slot, int netlink, const struct flow *list, size_t n, bool urgent);

#endif
