/* SPDX-License-Identifier: Apache-2.0 */
/* A request from its first line to its answer. */
#include "api/internal.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "base/time.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

static void refuse_target(struct http_request *r)
{
        if (r->target_error == -ENOMEM)
                http_problem(r, 503, "busy", NULL, "There is not enough memory for this request.");
        else if (r->target_error == -E2BIG)
                http_problem(r, 414, "target", NULL, "The path has more than %d segments or the query more than %d arguments.",
                             TARGET_SEGMENTS_MAX, TARGET_ARGUMENTS_MAX);
        else
                http_problem(r, 400, "target", NULL,
                             "The path or the query cannot be decoded: expected a slash first, each %% followed by two hex digits, "
                             "and UTF-8 without NUL.");
}

static void refuse_path(struct http_request *r)
{
        http_problem(r, 404, "path", NULL, "There is nothing at this path; GET /v1/openapi.json lists what there is.");
}

static void refuse_method(struct http_request *r)
{
        char allow[64];

        route_methods(r->server->setup.routes, r->server->setup.n_routes, &r->target, allow, sizeof(allow));
        http_problem(r, 405, "method", NULL, "This path takes %s.", allow);
        if (r->response)
                MHD_add_response_header(r->response, MHD_HTTP_HEADER_ALLOW, allow);
}

static void refuse_size(struct http_request *r)
{
        http_problem(r, 413, "too-large", NULL, "The body is too large: at most %u bytes are taken.", HTTP_BODY_MAX);
}

static void refuse_busy(struct http_request *r)
{
        http_problem(r, 503, "busy", NULL, "Other requests with large bodies are being received; try again in a moment.");
        if (r->response)
                MHD_add_response_header(r->response, MHD_HTTP_HEADER_RETRY_AFTER, "1");
}

void *request_begin(void *line, const char *target, struct MHD_Connection *connection)
{
        struct http_request *r = calloc(1, sizeof(*r));

        if (!r)
                return NULL;
        r->line = line;
        r->server = r->line->server;
        r->connection = connection;
        remote_waits(r->server, connection);
        r->target_error = target_parse(target, &r->target);
        return r;
}

void request_drop_body(struct http_request *r)
{
        r->line->bodies -= r->body.length;
        buffer_clear(&r->body);
        cJSON_Delete(r->json);
        r->json = NULL;
}

void request_end(void *line, struct MHD_Connection *connection, void **request, enum MHD_RequestTerminationCode why)
{
        struct http_request *r = *request;

        (void)why;
        remote_waits(((struct http_line *)line)->server, connection);
        *request = NULL;
        if (!r)
                return;
        request_drop_body(r);
        if (r->response)
                MHD_destroy_response(r->response);
        free(r->caller);
        free(r->of);
        target_clear(&r->target);
        free(r);
}

/* The body's size as the client gave it; 0 where there is none or it comes in chunks. */
static uint64_t announced_length(const struct http_request *r)
{
        const char *text = http_header(r, MHD_HTTP_HEADER_CONTENT_LENGTH);

        return text ? strtoull(text, NULL, 10) : 0;
}

/* It was answered when it was not admitted. */
static void refuse_caller(struct http_request *r)
{
        (void)r;
}

static bool admitted(struct http_request *r, bool complete)
{
        const struct http_setup *setup = &r->server->setup;

        return !setup->admit || setup->admit(r, r->route, complete, setup->context);
}

/* The headers are there: find the route, or why there is none. */
static enum MHD_Result start(struct http_request *r, const char *method)
{
        const uint64_t length = announced_length(r), drain = r->server->remote.made ? HTTP_REMOTE_DRAIN_MAX : HTTP_DRAIN_MAX;
        bool known;

        r->started = true;
        if (r->target_error < 0) {
                r->refuse = refuse_target;
        } else {
                r->route = route_find(r->server->setup.routes, r->server->setup.n_routes, method, &r->target, &known);
                if (!r->route)
                        r->refuse = known ? refuse_method : refuse_path;
        }
        if (!r->refuse && length > HTTP_BODY_MAX)
                r->refuse = refuse_size;
        if (r->server->remote.made && !admitted(r, false))
                r->refuse = refuse_caller;
        /*
         * A client that waits for leave to send its body is told at once. Others are let finish, since one that is still
         * sending when the connection closes may never read the answer.
         */
        if (r->refuse && (length > drain || http_header(r, MHD_HTTP_HEADER_EXPECT))) {
                r->refuse(r);
                return request_send(r);
        }
        return MHD_YES;
}

static void keep(struct http_request *r, const char *data, size_t length)
{
        if (length > HTTP_BODY_MAX - r->body.length)
                r->refuse = refuse_size;
        else if (r->line->bodies + length > r->server->bodies_max || buffer_append(&r->body, data, length) < 0)
                r->refuse = refuse_busy;
        else
                r->line->bodies += length;
}

/* Takes a part of the body. */
static enum MHD_Result take(struct http_request *r, const char *data, size_t *length)
{
        if (!r->refuse)
                keep(r, data, *length);
        if (r->refuse) {
                r->line->bodies -= r->body.length;
                buffer_clear(&r->body);
                r->drained += *length;
                if (r->drained > (r->server->remote.made ? HTTP_REMOTE_DRAIN_MAX : HTTP_DRAIN_MAX))
                        return MHD_NO;
        }
        *length = 0;
        return MHD_YES;
}

void requests_resume(struct http_line *l)
{
        for (struct http_request *r = l->waiting; r; r = r->next)
                MHD_resume_connection(r->connection);
        l->waiting = NULL;
        l->last = &l->waiting;
}

/* Each request is answered before anything else is looked at: a line of many, or of some that take long, lets those before it pass. */
static bool put_off(struct http_request *r)
{
        struct http_line *l = r->line;
        const bool first = !l->answered;

        l->answered = true;
        if (first || time_now(CLOCK_MONOTONIC) < l->turn + HTTP_TURN_MS * 1000000ull)
                return false;
        MHD_suspend_connection(r->connection);
        r->next = NULL;
        *l->last = r;
        l->last = &r->next;
        return true;
}

static void handle(struct http_request *r)
{
        const struct http_setup *setup = &r->server->setup;

        r->route->handle(r, setup->context);
        if (setup->handled)
                setup->handled(r, r->route, setup->context);
}

enum MHD_Result request_continue(void *line, struct MHD_Connection *connection, const char *url, const char *method, const char *version,
                                 const char *data, size_t *length, void **request)
{
        struct http_request *r = *request;

        (void)line;
        (void)url;
        (void)version;
        if (!r)
                return MHD_NO; /* no memory for it at its beginning */
        if (!r->started)
                return start(r, method);
        if (*length)
                return take(r, data, length);
        if (r->response)
                return request_send(r); /* it was held */
        remote_arrived(r->server, connection);
        if (put_off(r))
                return MHD_YES;
        if (r->refuse)
                r->refuse(r);
        else if (admitted(r, true))
                handle(r);
        return held_back(r) ? MHD_YES : request_send(r);
}

const char *http_segment(const struct http_request *r, const char *name)
{
        return route_segment(r->route, &r->target, name);
}

const char *http_query(const struct http_request *r, const char *name)
{
        for (size_t i = 0; i < r->target.n_arguments; i++)
                if (strcmp(r->target.arguments[i].name, name) == 0)
                        return r->target.arguments[i].value;
        return NULL;
}

const char *http_header(const struct http_request *r, const char *name)
{
        return MHD_lookup_connection_value(r->connection, MHD_HEADER_KIND, name);
}

const char *http_body(const struct http_request *r, size_t *length)
{
        if (length)
                *length = r->body.length;
        return r->body.data ? r->body.data : "";
}

int http_socket(const struct http_request *r)
{
        const union MHD_ConnectionInfo *info = MHD_get_connection_info(r->connection, MHD_CONNECTION_INFO_CONNECTION_FD);

        return info ? info->connect_fd : -1;
}

const char *http_address(const struct http_request *r)
{
        const struct remote_connection *c = r->server->remote.made ? remote_of(r->connection) : NULL;

        return c ? c->address : r->server->remote.made ? "unknown" : NULL;
}

const char *http_address_group(const struct http_request *r)
{
        const struct remote_connection *c = r->server->remote.made ? remote_of(r->connection) : NULL;

        return c ? c->group : http_address(r);
}

int http_met(const struct http_request *r)
{
        const struct remote_connection *c = r->server->remote.made ? remote_of(r->connection) : NULL;

        return c ? c->met : -ENOTCONN;
}

void http_set_caller(struct http_request *r, void *caller)
{
        free(r->caller);
        r->caller = caller;
}

void *http_caller(const struct http_request *r)
{
        return r->caller;
}
