/* SPDX-License-Identifier: Apache-2.0 */
/* The API's unix socket. */
#ifndef HOLDFAST_DAEMON_LISTEN_H
#define HOLDFAST_DAEMON_LISTEN_H

#include "base/error.h"

struct daemon;

/* Makes the socket, marks it so that the kernel notes who connects, and serves the routes on it. */
int listen_start(struct daemon *d, struct error *e);

#endif
