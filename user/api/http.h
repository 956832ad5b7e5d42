/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An HTTP server on a unix socket, or with TLS on a TCP socket, run by an sd-event loop in one thread (libmicrohttpd). It knows nothing of
 * sessions or policies: the daemon gives it a table of routes.
 */
#ifndef HOLDFAST_API_HTTP_H
#define HOLDFAST_API_HTTP_H

#include "base/error.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <systemd/sd-event.h>

#define HTTP_BODY_MAX (17u << 20) /* bytes of a request's body; more is answered 413 */

#define HTTP_SMALL 0xf0000000u /* accounts from here on may hold less */

struct http_server;
struct http_request;

/* One operation. Segments of the pattern that start with ':' match any one segment. */
struct http_route {
        const char *method;  /* "GET" */
        const char *pattern; /* "/v1/sessions/:id/policy" */
        /* Called once the body is complete. It must call exactly one of the http_reply… functions, or http_stream, before it returns. */
        void (*handle)(struct http_request *r, void *context);
        unsigned need; /* for admit(); the server does not look at it */
};

struct http_setup {
        const struct http_route *routes; /* they stay the caller's */
        size_t n_routes;
        void *context; /* of the functions */
        /*
         * Where not NULL: whether a request may go on, asked once its body is complete and before the route's handler; where it may not, it
         * has been answered. Over TCP it is also asked with the headers, before any of the body is kept; route is then NULL where there is
         * none, which is answered 404 or 405 after it.
         */
        bool (*admit)(struct http_request *r, const struct http_route *route, bool complete, void *context);
        /* Where not NULL: told of each request whose handler has answered, before the answer is sent; see http_answer(). */
        void (*handled)(struct http_request *r, const struct http_route *route, void *context);
        /*
         * Where not NULL: whose a connection over a unix socket is, by which those of one are counted: a user's number, or HTTP_SMALL and
         * more for who has little to ask. By default the user who made it.
         */
        uint32_t (*account)(int fd, void *context);
        /* Where not NULL: asked of each connection over TCP, before anything of it is read; its requests have what it answers, see
         * http_met(). */
        int (*meet)(int fd, void *context);
        const char *certificate, *key; /* PEM; where given the socket is one of TCP, and speaks TLS 1.3 only */
        int64_t priority;              /* of the event sources */
};

/*
 * Serves the routes on a listening unix socket (ownership passes on success). A path without ":" goes
 * before one with it; HEAD is answered by GET's route. Unknown paths are answered 404, known paths with another method 405 with Allow,
 * targets that cannot be decoded 400, all as RFC 9457 problem documents. Slow and half requests time out after 10 s without progress.
 * Root's requests (of account 0) are answered before all others. Root may hold 1,000 connections at once, more wait in the backlog; other
 * accounts 100 each and 900 together, small ones of that 4 each and 200 together, beyond which they are hung up on, so that there is always
 * room for an administrator. Of root, and of all others: 500
 * streams and held answers at once, then 503; 128 MiB of bodies being received at once, then 503. The process needs RLIMIT_NOFILE well
 * above 2,000. Over TCP: 128 connections at once, 32 of one address (of one /64 of IPv6), which may make 100 at once and 20 a second after
 * that; those beyond are hung up on before TLS begins. A request, with its body, has 30 s to arrive. 64 streams, 32 MiB of bodies.
 */
int http_server_new(sd_event *event, int listen_fd, const struct http_setup *setup, struct http_server **ret, struct error *e);

/* Whether a certificate, with those that it needs behind it, and a key are a pair; both PEM. 0 or -EINVAL. */
int http_certificate_check(const char *certificate, const char *key, struct error *e);

/* Ends all connections (the streams' done() is called) and frees the server. NULL is fine. Not from within a handler. */
void http_server_free(struct http_server *s);

/*
 * A path segment by its name in the pattern (":id" is "id"), percent-decoded, never empty; the first query argument of that name, decoded,
 * "" where it has no value, or NULL; a header, or NULL. Segments and arguments are UTF-8 without NUL. All are valid until the answer is
 * sent.
 */
const char *http_segment(const struct http_request *r, const char *name);
const char *http_query(const struct http_request *r, const char *name);
const char *http_header(const struct http_request *r, const char *name);

/* The body: never NULL, ended by NUL; NULs within count in length. */
const char *http_body(const struct http_request *r, size_t *length);

/*
 * The body as a JSON object, owned by the request. On failure the problem is already answered and NULL returned: where it is no object, for
 * any error of syntax, duplicate keys, NUL also as \u0000, invalid UTF-8, numbers beyond a double, more than 32 levels. The Content-Type is
 * not looked at.
 */
const cJSON *http_json(struct http_request *r);

/* The connection's socket, for SO_PEERCRED and the kernel's peer record. */
int http_socket(const struct http_request *r);

/* The address that a request over TCP comes from, without its port; NULL for one over a unix socket. */
const char *http_address(const struct http_request *r);

/* What meet() said of its connection; -ENOTCONN where there was no memory to keep that, or it came over a unix socket. */
int http_met(const struct http_request *r);

/* What of it counts as one client: an IPv4 address, or the /64 of an IPv6 address. */
const char *http_address_group(const struct http_request *r);

/* Memory of admit()'s for the handler: replaced and freed with the request. */
void http_set_caller(struct http_request *r, void *caller);
void *http_caller(const struct http_request *r);

/*
 * Answers with JSON; takes ownership of body, NULL of which (out of memory) is answered 500. The first answer to a request counts. It
 * is sent when the handler returns. All answers say Cache-Control: no-store. Strings that may be no UTF-8 come by json_bytes().
 */
void http_reply(struct http_request *r, int status, cJSON *body);
void http_reply_text(struct http_request *r, int status, const char *type, const char *text, size_t length);
void http_reply_empty(struct http_request *r, int status);

/* Answers with JSON that a file has, from its beginning to length; takes ownership of fd. It is read as the client takes it. */
void http_reply_file(struct http_request *r, int status, int fd, size_t length);

/*
 * Answers with an RFC 9457 problem document (application/problem+json): type is "about:blank#" replaced by "urn:holdfast:" + slug,
 * title from the status, detail from the format. errors, where not NULL, becomes the member "errors": [{"where":…,"what":…}],
 * with "errors_total" where more were found than kept.
 */
void http_problem(struct http_request *r, int status, const char *slug, const struct findings *errors, const char *format, ...)
        __attribute__((format(printf, 5, 6)));

/*
 * Holds back the answer that was given: over() is asked, some 50 times a second, until it is true that what the client waits for is over or
 * the seconds are, which last tells; the answer then goes out, or the one that over() gives in its place by http_reply() or http_problem().
 * The body is gone by then. of is the request's, freed with it. Held answers and streams share their room: where there is none, it is the
 * last time at once. Where the server ends, the answer goes out as it was given.
 */
void http_hold(struct http_request *r, unsigned seconds, bool (*over)(struct http_request *r, bool last, void *of, void *context),
               void *of);

/* Adds a header to the answer that was given. Neither a name nor a value with control characters is taken. */
void http_reply_header(struct http_request *r, const char *name, const char *value);

/*
 * The answer that was given, if it is JSON: its status and its text, which is the request's and ends with a newline. False: it is something
 * else, or there is none.
 */
bool http_answer(const struct http_request *r, int *status, const char **text, size_t *length);

#define HTTP_CLASSES 5 /* of statuses: 1xx to 5xx */

/* How many requests were answered, by class. */
void http_server_answers(const struct http_server *s, uint64_t ret[HTTP_CLASSES]);

/*
 * Maps a negative errno to a status and slug (-EINVAL/-EBADMSG 400 invalid, -EACCES/-EPERM 403 forbidden, -ENOENT 404 not-found,
 * -EEXIST/-EBUSY/-ESTALE 409 conflict, -E2BIG 413 too-large, -EOPNOTSUPP 501 missing, -ENOMEM/-EAGAIN 503 busy, -ENOSPC 507 full, else 500
 * internal) and answers with the error's text.
 */
void http_problem_errno(struct http_request *r, const struct error *e);

/*
 * Answers 200 with a body without end. The server calls more() whenever the client can take bytes: it copies up to max bytes and
 * returns their count, 0 when there is nothing now (http_stream_wake calls it again later), or -1 to end the body. max is some
 * KiB and no less than 100 bytes, so that a long line may need several calls. done() is called exactly once, when the connection ends, also
 * by the client or by http_server_free; the stream is freed after it. A slow client never blocks the loop and is not timed out. NULL where
 * the server has no room for it: the problem is then already answered, and done() is not called. A HEAD request's stream is done without
 * more().
 */
struct http_stream;
struct http_stream *http_stream_new(struct http_request *r, const char *type, ssize_t (*more)(void *context, char *buffer, size_t max),
                                    void (*done)(void *context), void *context);

/* Has more() called again, on the loop's next turn. Any number of times, from anywhere in the loop's thread, until done() is called. */
void http_stream_wake(struct http_stream *s);

#endif
