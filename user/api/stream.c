/* SPDX-License-Identifier: Apache-2.0 */
/* Answers without end. A connection that has nothing to send is suspended: libmicrohttpd then does not look at it at all. */
#include "api/internal.h"

#include "base/cleanup.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#define BLOCK_SIZE (32u << 10)

struct http_stream {
        struct http_server *server;
        struct http_line *line;
        struct MHD_Connection *connection;
        ssize_t (*more)(void *context, char *buffer, size_t max);
        void (*done)(void *context);
        void *context;
        sd_event_source *hangup;
        bool suspended;
        bool woken;                       /* since more() was last called */
        bool gone;                        /* the client hung up, or the server ends */
        struct http_stream *next, **link; /* in the server's list */
};

void http_stream_wake(struct http_stream *s)
{
        s->woken = true;
        if (!s->suspended)
                return;
        s->suspended = false;
        MHD_resume_connection(s->connection);
        line_resumed(s->line);
}

static void stream_end(struct http_stream *s)
{
        s->gone = true;
        http_stream_wake(s);
}

void streams_end(struct http_server *server)
{
        for (struct http_stream *s = server->streams; s; s = s->next)
                stream_end(s);
}

static ssize_t on_room(void *stream, uint64_t position, char *buffer, size_t max)
{
        struct http_stream *s = stream;
        ssize_t n;

        (void)position;
        if (s->gone)
                return MHD_CONTENT_READER_END_WITH_ERROR;
        do {
                s->woken = false;
                n = s->more(s->context, buffer, max);
        } while (n == 0 && s->woken);
        if (n < 0)
                return MHD_CONTENT_READER_END_OF_STREAM;
        if (n == 0) {
                s->suspended = true;
                MHD_suspend_connection(s->connection);
        }
        return n;
}

/* Nobody reads from a suspended connection, so the loop itself watches for the client's end of it. */
static int on_hangup(sd_event_source *source, int fd, uint32_t revents, void *stream)
{
        (void)source;
        (void)fd;
        (void)revents;
        stream_end(stream);
        return 0;
}

/* Called when the response is let go of, after the connection ended, however it did. */
static void on_free(void *stream)
{
        struct http_stream *s = stream;

        sd_event_source_disable_unref(s->hangup);
        *s->link = s->next;
        if (s->next)
                s->next->link = s->link;
        s->line->n_streams--;
        s->done(s->context);
        free(s);
}

static int watch_hangup(struct http_stream *s, int fd)
{
        int domain = AF_UNIX, r;
        socklen_t length = sizeof(domain);

        /* On a unix socket EPOLLHUP means closed, and a client may shut down its sending half and go on reading; TCP cannot tell the two
         * apart. */
        getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &length);
        r = sd_event_add_io(sd_event_source_get_event(s->line->io), &s->hangup, fd, domain == AF_UNIX ? EPOLLHUP : EPOLLRDHUP | EPOLLHUP,
                            on_hangup, s);
        if (r < 0)
                return r;
        return sd_event_source_set_enabled(s->hangup, SD_EVENT_ONESHOT);
}

static void link_stream(struct http_stream *s)
{
        s->next = s->server->streams;
        s->link = &s->server->streams;
        if (s->next)
                s->next->link = &s->next;
        s->server->streams = s;
        s->line->n_streams++;
}

static void stream_drop(struct http_stream *s)
{
        sd_event_source_disable_unref(s->hangup);
        free(s);
}
DEFINE_CLEANUP(struct http_stream *, stream_drop)

/* The response takes the stream on success. */
static struct MHD_Response *stream_response(struct http_stream *s, struct http_request *r, const char *type)
{
        struct MHD_Response *response;

        if (watch_hangup(s, http_socket(r)) < 0)
                return NULL;
        response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK_SIZE, on_room, s, on_free);
        if (!response)
                return NULL;
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
        /* The client may take its time, so the connection does not serve other requests afterwards. */
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
        MHD_set_connection_option(r->connection, MHD_CONNECTION_OPTION_TIMEOUT, 0);
        return response;
}

struct http_stream *http_stream_new(struct http_request *r, const char *type, ssize_t (*more)(void *context, char *buffer, size_t max),
                                    void (*done)(void *context), void *context)
{
        _cleanup_(stream_dropp) struct http_stream *s = NULL;
        struct MHD_Response *response = NULL;

        if (r->response)
                return NULL; /* it has its answer */
        if (!line_is_full(r->line))
                s = calloc(1, sizeof(*s));
        if (s) {
                *s = (struct http_stream){

                        .server = r->server, .line = r->line, .connection = r->connection, .more = more, .done = done, .context = context
                };
                response = stream_response(s, r, type);
        }
        if (!response) {
                http_problem(r, 503, "busy", NULL, "There are no resources for another stream; at most %u are served at once.",
                             r->server->streams_max);
                return NULL;
        }
        link_stream(s);
        request_answer(r, 200, response);
        return TAKE_PTR(s);
}
