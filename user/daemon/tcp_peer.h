/* SPDX-License-Identifier: Apache-2.0 */
/* Who is at the other end of a TCP connection, where that is on this host: sock_diag(7) tells the cgroup that a socket was made in. */
#ifndef HOLDFAST_DAEMON_TCP_PEER_H
#define HOLDFAST_DAEMON_TCP_PEER_H

#include <stdint.h>

/* The id of that cgroup. -ENOENT where the other end is no socket in the daemon's network namespace; or another negative errno. */
int tcp_peer_cgroup(int fd, uint64_t *ret);

#endif
