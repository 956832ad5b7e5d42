/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who asks, and what they may do. An agent may do nothing here; root may do everything; anyone else may begin sessions of their
 * own processes, and see and steer their own sessions.
 */
#ifndef HOLDFAST_DAEMON_ACCESS_H
#define HOLDFAST_DAEMON_ACCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct daemon;
struct http_request;
struct session;

struct peer {
        pid_t pid;      /* as the kernel saw it when the connection was made */
        uint64_t start; /* of that process, ns of CLOCK_BOOTTIME */
        uid_t uid;
};

#define ACTOR_SIZE 128

/* Finds out who is at the other end. On refusal the problem is answered already, and -EACCES returned. */
int access_peer(struct daemon *d, struct http_request *r, struct peer *ret);

/* The peer for people and for events: "root (uid 0, pid 77)". May ask the name service, so not before a kill is set. */
const char *peer_actor(const struct peer *p, char out[ACTOR_SIZE]);

bool access_sees(const struct peer *p, const struct session *s);

/*
 * The session that a client means: by id, by name, or by the unique beginning of an id. One that the peer may not see is refused by
 * its whole id, and does not exist by anything less. NULL when the problem is answered already.
 */
struct session *access_session(struct daemon *d, struct http_request *r, const struct peer *p, const char *key);

/* The name of a user, "uid N" where there is none; the caller frees it. home may be NULL; it is left NULL where none is known. */
int user_lookup(uid_t uid, char **name, char **home);

#endif
