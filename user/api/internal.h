/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of this module share. */
#ifndef HOLDFAST_API_INTERNAL_H
#define HOLDFAST_API_INTERNAL_H

#include "api/http.h"
#include "api/route.h"
#include "base/buffer.h"
#include "base/limiter.h"

#include <microhttpd.h>
#include <netinet/in.h>

#define HTTP_CONNECTIONS_MAX 1000       /* of root */
#define HTTP_CONNECTIONS_USERS_MAX 900  /* of all others together */
#define HTTP_CONNECTIONS_USER_MAX 100   /* of one of them */
#define HTTP_CONNECTIONS_SMALLS_MAX 200 /* of all small accounts together */
#define HTTP_CONNECTIONS_SMALL_MAX 4    /* of one of them */
#define HTTP_STREAMS_MAX 500            /* of a line, with the answers that are held, so that both leave room for a kill */
#define HTTP_TIMEOUT_SECONDS 10
#define HTTP_TURN_MS 2                        /* of the loop, after which others than root wait for the next */
#define HTTP_PAUSE_MS 1                       /* between two turns, for what the loop has to do beside */
#define HTTP_LOOK_MS 20                       /* between two looks whether what an answer is held for is over */
#define HTTP_BODIES_MAX (128u << 20)          /* bytes of all bodies of a line that are being received at once */
#define HTTP_DRAIN_MAX (4ull * HTTP_BODY_MAX) /* of a refused body, read so that the client gets to read the answer */

#define HTTP_REMOTE_CONNECTIONS_MAX 128
#define HTTP_REMOTE_ADDRESS_MAX 32 /* connections of one address */
#define HTTP_REMOTE_AGENTS_MAX 4   /* connections of those that meet() knows */
#define HTTP_REMOTE_BURST 100      /* connections that an address may make at once, */
#define HTTP_REMOTE_INTERVAL_MS 50 /* and until it may make another */
#define HTTP_REMOTE_STREAMS_MAX 64
#define HTTP_REMOTE_BODIES_MAX (32u << 20)
#define HTTP_REMOTE_DRAIN_MAX (256u << 10)
#define HTTP_REMOTE_SECONDS 30 /* for a request to arrive whole */

struct peer {
        uint32_t account;
        unsigned int connections;
};

/* Who is connected, those on root's line apart. */
struct peers {
        struct peer *list; /* owned */
        size_t n;
        unsigned int connections; /* of all of them */
        unsigned int small;       /* of those, of small accounts */
};

/* A connection over TCP. */
struct remote_connection {
        char address[INET6_ADDRSTRLEN];
        char group[INET6_ADDRSTRLEN]; /* what is counted together */
        int fd;
        int met;        /* what meet() said */
        uint64_t since; /* when it began to wait for a request, ns of CLOCK_MONOTONIC; 0: it has one */
        struct remote_connection *next, **link;
};

struct remote {
        struct remote_connection *list;
        struct limiter *made; /* connections by group; owned. NULL: this is no server over TCP */
        sd_event_source *tick;
};

/* Connections that are served in turn. Those of root's line go before all others. */
struct http_line {
        struct http_server *server;
        struct MHD_Daemon *mhd; /* NULL: there is no such line */
        sd_event_source *io, *timer, *soon, *look;
        bool resumed;                           /* connections, since libmicrohttpd last ran */
        uint64_t turn;                          /* when it last ran, ns of CLOCK_MONOTONIC */
        bool answered;                          /* a request in this turn */
        struct http_request *waiting, **last;   /* for the next turn, suspended, in the order that they came in */
        struct http_request *held, **last_held; /* whose answers are, suspended */
        unsigned int n_held;
        size_t bodies;          /* bytes that requests hold */
        unsigned int n_streams; /* that are open */
};

struct http_server {
        struct http_line all; /* of those who come over TCP, or of others than root */
        struct http_line root;
        sd_event_source *door; /* the listening unix socket, which it owns */
        struct http_setup setup;
        struct remote remote;
        unsigned int streams_max;
        size_t bodies_max;
        struct peers peers;
        struct http_stream *streams; /* all that are open */
        uint64_t answers[HTTP_CLASSES];
};

struct http_request {
        struct http_server *server;
        struct http_line *line;
        struct MHD_Connection *connection;
        struct target target;
        int target_error; /* of target_parse */
        const struct http_route *route;
        bool started;
        struct http_request *next;              /* that waits, or is held */
        void (*refuse)(struct http_request *r); /* answers in the route's place, once the body has passed */
        struct buffer body;
        uint64_t drained; /* bytes of the body that were not kept */
        cJSON *json;      /* owned */
        void *caller;     /* owned, see http_set_caller() */
        /* The answer, owned until it is queued. */
        struct MHD_Response *response;
        unsigned int status;
        bool (*over)(struct http_request *r, bool last, void *of, void *context); /* not NULL: the answer is held, see http_hold() */
        void *of;                                                                 /* owned */
        uint64_t until;                                                           /* ns of CLOCK_MONOTONIC */
        bool again;                                                               /* another answer may take the place of that */
        const char *text;                                                         /* of it, which it owns; NULL: it is no JSON */
        size_t length;
};

/* Sets the request's answer; takes ownership of the response, which is NULL where memory ran out. Only the first answer counts. */
void request_answer(struct http_request *r, int status, struct MHD_Response *response);

/* Answers with JSON of a media type; takes ownership of body. */
void reply_json(struct http_request *r, int status, const char *type, cJSON *body);

/* Queues the answer that the handler gave. */
enum MHD_Result request_send(struct http_request *r);

/* The requests' life, called by libmicrohttpd: when the target is known, with headers and each part of the body, and at the end. */
void *request_begin(void *line, const char *target, struct MHD_Connection *connection);
enum MHD_Result request_continue(void *line, struct MHD_Connection *connection, const char *url, const char *method, const char *version,
                                 const char *data, size_t *length, void **request);
void request_end(void *line, struct MHD_Connection *connection, void **request, enum MHD_RequestTerminationCode why);

/* Has libmicrohttpd, set up with the line and the options, run by the loop. Where it fails, line_stop() is still the caller's to call. */
int line_start(struct http_line *l, sd_event *event, struct MHD_Daemon *mhd, int64_t priority);
void line_stop(struct http_line *l);
unsigned int line_connections(const struct http_line *l);

/* After MHD_resume_connection(): has libmicrohttpd go on with the connection on the loop's next turn. */
void line_resumed(struct http_line *l);

/* Takes connections from the listening unix socket, and gives each its line. */
int peers_start(struct http_server *s, sd_event *event, int listen_fd);
void peers_stop(struct http_server *s);

/* A connection ended: there is room for another. */
void peers_left(struct http_server *s);

/* Counts connections by account, and hangs up on those beyond the limits; called by libmicrohttpd. */
void peers_notify(void *server, struct MHD_Connection *connection, void **counted, enum MHD_ConnectionNotificationCode what);

/* The same for connections over TCP: by address, and before TLS begins. */
enum MHD_Result remote_accept(void *server, const struct sockaddr *address, socklen_t length);
void remote_notify(void *server, struct MHD_Connection *connection, void **kept, enum MHD_ConnectionNotificationCode what);

/* Watches that requests arrive in time. */
int remote_start(struct http_server *s, sd_event *event);
void remote_stop(struct http_server *s);

/* The request is there whole; or the next may come. */
void remote_arrived(struct http_server *s, struct MHD_Connection *connection);
void remote_waits(struct http_server *s, struct MHD_Connection *connection);

/* Of a connection to a server over TCP. */
struct remote_connection *remote_of(struct MHD_Connection *connection);

/* Whether it has no room for another stream or held answer. */
bool line_is_full(const struct http_line *l);

/* Frees what was sent with a request whose answer needs it no more. */
void request_drop_body(struct http_request *r);

/* Suspends a request whose answer is held, and looks whether it is to go out. */
int held_start(struct http_line *l, sd_event *event);
bool held_back(struct http_request *r);
void held_end(struct http_line *l);

/* Has the requests go on that waited for the loop's next turn. */
void requests_resume(struct http_line *l);

/* Ends all streams, so that the server can be stopped. */
void streams_end(struct http_server *s);

#endif
