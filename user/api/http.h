/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An HTTP server on a unix socket, run by an sd-event loop in one thread (libmicrohttpd). It knows nothing of sessions or
 * policies: the daemon gives it a table of routes.
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

struct http_server;
struct http_request;

/* One operation. Segments of the pattern that start with ':' match any one segment. */
struct http_route {
        const char *method;  /* "GET" */
        const char *pattern; /* "/v1/sessions/:id/policy" */
        /* Called once the body is complete. It must call exactly one of the http_reply… functions, or http_stream, before it returns. */
        void (*handle)(struct http_request *r, void *context);
};

/*
 * Serves the routes on a listening unix socket (ownership passes on success). Unknown paths are answered 404, known paths with
 * another method 405 with Allow, all as RFC 9457 problem documents. Slow and half requests time out after 10 s without progress;
 * 1,000 connections at once, more wait in the backlog.
 */
int http_server_new(sd_event *event, int listen_fd, const struct http_route *routes, size_t n_routes, void *context, struct http_server **ret,
                    struct error *e);
void http_server_free(struct http_server *s);

/* A path segment by its name in the pattern (":id" is "id"), percent-decoded; a query argument, or NULL; a header, or NULL. */
const char *http_segment(const struct http_request *r, const char *name);
const char *http_query(const struct http_request *r, const char *name);
const char *http_header(const struct http_request *r, const char *name);

/* The body: never NULL, ended by NUL; NULs within count in length. */
const char *http_body(const struct http_request *r, size_t *length);

/* The body as a JSON object. On failure the problem is already answered and NULL returned. Owned by the request. Duplicate keys are refused. */
const cJSON *http_json(struct http_request *r);

/* The connection's socket, for SO_PEERCRED and the kernel's peer record. */
int http_socket(const struct http_request *r);

/* Answers with JSON; takes ownership of body. */
void http_reply(struct http_request *r, int status, cJSON *body);
void http_reply_text(struct http_request *r, int status, const char *type, const char *text, size_t length);
void http_reply_empty(struct http_request *r, int status);

/*
 * Answers with an RFC 9457 problem document (application/problem+json): type is "about:blank#" replaced by "urn:holdfast:" + slug,
 * title from the status, detail from the format. errors, where not NULL, becomes the member "errors": [{"where":…,"what":…}].
 */
void http_problem(struct http_request *r, int status, const char *slug, const struct findings *errors, const char *format, ...)
        __attribute__((format(printf, 5, 6)));

/* Maps a negative errno to a status (-EINVAL 400, -EACCES/-EPERM 403, -ENOENT 404, -EEXIST/-EBUSY 409, -ENOSPC 507, else 500) and answers. */
void http_problem_errno(struct http_request *r, const struct error *e);

/*
 * Answers 200 with a body without end. The server calls more() whenever the client can take bytes: it copies up to max bytes and
 * returns their count, 0 when there is nothing now (http_stream_wake calls it again later), or -1 to end the body. done() is
 * called exactly once, when the connection ends. A slow client never blocks the loop.
 */
struct http_stream;
struct http_stream *http_stream_new(struct http_request *r, const char *type, ssize_t (*more)(void *context, char *buffer, size_t max),
                                    void (*done)(void *context), void *context);
void http_stream_wake(struct http_stream *s);

#endif
