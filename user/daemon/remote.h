/* SPDX-License-Identifier: Apache-2.0 */
/* The API over TCP: its socket, and who asks there, which is whoever a token was given to. */
#ifndef HOLDFAST_DAEMON_REMOTE_H
#define HOLDFAST_DAEMON_REMOTE_H

#include "base/error.h"
#include "base/limiter.h"
#include "daemon/refusals.h"
#include "daemon/roles.h"

#include <stdbool.h>
#include <sys/types.h>

struct daemon;
struct http_request;
struct http_route;
struct http_server;
struct peer;

struct remote_access {
        char *certificate, *key;  /* their text, until the API listens */
        struct http_server *http; /* NULL: not configured */
        struct limiter failures;  /* by address */
        struct limiter requests;  /* by token */
        struct refusals refusals; /* also of the unix socket */
        gid_t groups[CALLERS];    /* of config.remote.groups, where that has one */
};

/* Reads the certificate and the key, before anything is started. */
int remote_prepare(struct daemon *d, struct error *e);

/* Forgets them. */
void remote_forget(struct daemon *d);

/*
 * Listens where the configuration says to. Behind the unix socket's requests and the tick, in turn with the kernel's events, so that no
 * flood delays root's kill.
 */
int remote_listen(struct daemon *d, struct error *e);

/* Finds out whose token it is. Where it is not let in, it has been answered, and -EACCES is returned. */
int remote_peer(struct daemon *d, struct http_request *r, bool complete, struct peer *ret);

/* The text behind "Bearer " of an Authorization header, or NULL. */
const char *bearer(const char *header);

#endif
