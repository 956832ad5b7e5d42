/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who asks, and what they may do. An agent may ask why it was refused something, and nothing else; root may do everything; anyone else may
 * begin sessions of their own processes, and see and steer their own sessions, and has what their role gives (roles.h). Over TCP a token
 * says who it is.
 */
#ifndef HOLDFAST_DAEMON_ACCESS_H
#define HOLDFAST_DAEMON_ACCESS_H

#include "daemon/id.h"
#include "daemon/roles.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct daemon;
struct http_request;
struct http_route;
struct session;

#define ACTOR_SIZE 160
#define NOBODY ((uid_t)-1)

struct peer {
        pid_t pid;               /* as the kernel saw it when the connection was made; 0: it is no process of this host that is known */
        uint64_t start;          /* of that process, ns of CLOCK_BOOTTIME */
        uid_t uid;               /* whose sessions it may do to what it asks for: 0 is everyone's */
        uid_t who;               /* the user who asks; NOBODY behind a token */
        enum caller caller;      /* as whom */
        struct session *session; /* that it is in, of CALLER_AGENT */
        unsigned int roles;      /* of a user, by groups: a bit for each enum caller */
        char token[ID_SIZE];     /* "": none */
        uint64_t expires;        /* of that, ns since the epoch; 0: never */
        char actor[ACTOR_SIZE];  /* of that */
};

/* Decides, for the server, whether a request may go on: who asks, and whether they may do what the route needs. */
bool access_admit(struct http_request *r, const struct http_route *route, bool complete, void *context);

/* Notes, for the server, a request to change something that was refused, or failed: an event, or one more of a count. */
void access_handled(struct http_request *r, const struct http_route *route, void *context);

/* Who that was. On refusal the problem is answered already, and -EACCES returned. */
int access_peer(struct daemon *d, struct http_request *r, struct peer *ret);

/* The peer for people and for events: "root (uid 0, pid 77)". May ask the name service, so not before a kill is set. */
const char *peer_actor(const struct peer *p, char out[ACTOR_SIZE]);

/* Of a user, or of a token: what they may give away as a role. */
bool access_may_grant(const struct peer *p, enum caller role);

/* As whom the file system is looked at for them, about a session. */
uid_t access_looks_as(const struct peer *p, const struct session *s);

/* Notes that somebody was refused: an event, or one more of a count. address is NULL for who is on this host. */
void access_note(struct daemon *d, const char *actor, const char *reason, const char *address);

/* What comes with time: the counts of refusals. */
void access_tick(struct daemon *d);

/* Tells of all refusals that were not told of yet. */
void access_stop(struct daemon *d);

bool access_sees(const struct peer *p, const struct session *s);

/*
 * The session that a client means: by id, by name, or by the unique beginning of an id. One that the peer may not see is refused by
 * its whole id, and does not exist by anything less. NULL when the problem is answered already.
 */
struct session *access_session(struct daemon *d, struct http_request *r, const struct peer *p, const char *key);

/* The one that the path names, and who asks. */
struct session *access_named(struct daemon *d, struct http_request *r, struct peer *ret);

/* The name of a user, "uid N" where there is none; the caller frees it. home may be NULL; it is left NULL where none is known. */
int user_lookup(uid_t uid, char **name, char **home);

#endif
