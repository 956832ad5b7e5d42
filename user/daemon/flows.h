/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connections that are not allowed any more. That no byte of theirs leaves is the kernel's work, from the moment of the change; here they
 * are ended, so that the peer sees a reset, and who reads or writes an error.
 */
#ifndef HOLDFAST_DAEMON_FLOWS_H
#define HOLDFAST_DAEMON_FLOWS_H

struct daemon;
struct hf_event;
struct session;

/*
 * Ends the TCP connections and connected UDP sockets of a session that its policy does not allow now, but on loopback with itself; where a
 * kill is in force, all of them. Those of the session's cgroup, in the network namespace of one of its processes. They may end a little
 * later, or be looked for by the next tick, while others are being ended; what fails is logged.
 */
void flows_end(struct daemon *d, struct session *s);

/* Ends the connection whose TLS hello the kernel has refused, by its event. */
void flows_cut(struct daemon *d, struct session *s, const struct hf_event *e);

#endif
