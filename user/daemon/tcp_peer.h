/* SPDX-License-Identifier: Apache-2.0 */
/* Who is at the other end of a TCP connection, where that is on this host: sock_diag(7) tells the cgroup that a socket was made in. */
#ifndef HOLDFAST_DAEMON_TCP_PEER_H
#define HOLDFAST_DAEMON_TCP_PEER_H

#include <stdint.h>

/*
 * The id of that cgroup. -EHOSTUNREACH where the other end has no address of the daemon's network namespace, and so is not in it; or
 * another negative errno, -ENOENT where the kernel does not find the socket.
 */
int tcp_peer_cgroup(int fd, uint64_t *ret);

#endif
