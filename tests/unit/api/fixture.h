/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A real server on a unix socket in a folder of its own, run by an event loop in a thread; the tests are its clients. The routes
 * do what the tests want to see; only the loop's thread touches their state, counters apart.
 */
#ifndef HOLDFAST_TESTS_UNIT_API_FIXTURE_H
#define HOLDFAST_TESTS_UNIT_API_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "api/http.h"
#include "base/cleanup.h"
#include "base/json.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>

#define WAIT_MS 20000 /* for what must come; far more than it takes */

struct line_stream {
        struct http_stream *stream;
        int pending; /* lines to send */
        bool ends;
        struct line_stream *next;
};

static struct {
        char folder[64], socket[80];
        pthread_t thread;
        int stop, ready, hold, beside;
        struct http_server *http;
        struct line_stream *streams;
        atomic_int begun, done, handled, holds, slow, slow_before; /* what is beside the API had its turn */
        atomic_int held, over, let_go;                             /* answers that wait, so far; that they are to go out; that did */
} server;

static inline void route_echo(struct http_request *r, void *context)
{
        size_t length;
        const char *body = http_body(r, &length);

        (void)context;
        server.handled++;
        http_reply_text(r, 200, "application/octet-stream", body, length);
}

static inline void route_show(struct http_request *r, void *context)
{
        cJSON *body = cJSON_CreateObject();
        const char *since = http_query(r, "since"), *name = http_query(r, "name"), *header = http_header(r, "X-Test");

        (void)context;
        json_add_text(body, "id", http_segment(r, "id"));
        if (since)
                json_add_text(body, "since", since);
        if (name)
                json_add_text(body, "name", name);
        if (header)
                json_add_text(body, "header", header);
        http_reply(r, 200, body);
}

static inline void route_json(struct http_request *r, void *context)
{
        const cJSON *json = http_json(r);

        (void)context;
        if (json)
                http_reply(r, 201, cJSON_Duplicate(json, true));
}

static inline void route_peer(struct http_request *r, void *context)
{
        struct ucred peer = { 0 };
        socklen_t n = sizeof(peer);
        cJSON *body = cJSON_CreateObject();

        (void)context;
        getsockopt(http_socket(r), SOL_SOCKET, SO_PEERCRED, &peer, &n);
        json_add_u64(body, "pid", (uint64_t)peer.pid);
        http_reply(r, 200, body);
}

static inline void route_errno(struct http_request *r, void *context)
{
        _cleanup_error_ struct error e = ERROR_INIT;

        (void)context;
        error_set(&e, -atoi(http_query(r, "code")), "it did not work because of \xff");
        http_problem_errno(r, &e);
}

static inline void route_findings(struct http_request *r, void *context)
{
        _cleanup_findings_ struct findings f = FINDINGS_INIT;

        (void)context;
        for (int i = 0; i < FINDINGS_MAX + 5; i++)
                findings_add(&f, "$.a", "found %d", i);
        http_problem(r, 400, "policy", &f, "The policy has %d errors.", f.total);
}

static inline void route_silent(struct http_request *r, void *context)
{
        (void)r;
        (void)context;
}

static inline void route_twice(struct http_request *r, void *context)
{
        (void)context;
        http_reply_empty(r, 204);
        http_reply_empty(r, 205);
}

/* Says of an answer, in its headers, what http_answer() gave. */
static inline void route_answered(struct http_request *r, void *context)
{
        size_t length = 0;
        const char *text = NULL;
        char seen[64];
        int status = 0;

        (void)context;
        http_reply_header(r, "X-Early", "there is no answer yet");
        assert_false(http_answer(r, &status, &text, &length));
        if (http_query(r, "text"))
                http_reply_text(r, 200, "text/plain", "text", 4);
        else
                http_reply(r, 201, cJSON_CreateString("first"));
        if (http_query(r, "twice"))
                http_reply(r, 202, cJSON_CreateString("second"));
        if (http_answer(r, &status, &text, &length)) {
                snprintf(seen, sizeof(seen), "%d %zu %.*s", status, length, (int)length - 1, text);
                http_reply_header(r, "X-Seen", seen);
        }
        http_reply_header(r, "X-Late", "yes");
}

static inline void route_counts(struct http_request *r, void *context)
{
        uint64_t counts[HTTP_CLASSES];
        cJSON *body = cJSON_CreateArray();

        (void)context;
        http_server_answers(server.http, counts);
        for (size_t i = 0; i < HTTP_CLASSES; i++)
                cJSON_AddItemToArray(body, cJSON_CreateNumber((double)counts[i]));
        http_reply(r, 200, body);
}

static inline ssize_t stream_more(void *context, char *buffer, size_t max)
{
        struct line_stream *s = context;

        if (!s->pending)
                return s->ends ? -1 : 0;
        if (s->pending < 0) { /* without end */
                memset(buffer, 'x', max);
                return (ssize_t)max;
        }
        s->pending--;
        return snprintf(buffer, max, "{\"left\":%d}\n", s->pending);
}

static inline void stream_done(void *context)
{
        struct line_stream *s = context, **link = &server.streams;

        while (*link != s)
                link = &(*link)->next;
        *link = s->next;
        free(s);
        server.done++;
}

static inline void route_stream(struct http_request *r, void *context)
{
        struct line_stream *s = calloc(1, sizeof(*s));
        const char *lines = http_query(r, "lines");

        (void)context;
        s->pending = lines ? atoi(lines) : 0;
        s->ends = http_query(r, "end") != NULL;
        s->next = server.streams;
        server.streams = s;
        s->stream = http_stream_new(r, "application/x-ndjson", stream_more, stream_done, s);
        if (!s->stream) {
                server.streams = s->next;
                free(s);
                return;
        }
        server.begun++;
}

/* Gives every stream a line. */
static inline void route_wake(struct http_request *r, void *context)
{
        (void)context;
        for (struct line_stream *s = server.streams; s; s = s->next) {
                s->pending++;
                http_stream_wake(s->stream);
                http_stream_wake(s->stream);
        }
        http_reply_empty(r, 204);
}

/* Takes long. */
static inline void route_slow(struct http_request *r, void *context)
{
        (void)context;
        poll(NULL, 0, 50);
        server.slow++;
        http_reply_empty(r, 204);
}

static inline bool held_over(struct http_request *r, bool last, void *of, void *context)
{
        (void)context;
        if (!server.over && !last)
                return false;
        if (!http_query(r, "keep"))
                http_reply_text(r, 200, "text/plain", last ? "late" : of, 4);
        server.let_go++;
        return server.over;
}

/* Its answer is held until server.over. */
static inline void route_held(struct http_request *r, void *context)
{
        (void)context;
        http_reply(r, 201, cJSON_CreateString("first"));
        http_hold(r, (unsigned)atoi(http_query(r, "seconds")), held_over, strdup("over"));
        server.held++;
}

static const struct http_route test_routes[] = {
        { "POST", "/v1/echo", route_echo },          { "PUT", "/v1/things/:id/echo", route_echo }, { "GET", "/v1/things/:id", route_show },
        { "GET", "/v1/things/special", route_peer }, { "DELETE", "/v1/things/:id", route_silent }, { "POST", "/v1/json", route_json },
        { "GET", "/v1/errno", route_errno },         { "GET", "/v1/findings", route_findings },    { "GET", "/v1/silent", route_silent },
        { "GET", "/v1/twice", route_twice },         { "GET", "/v1/stream", route_stream },        { "POST", "/v1/wake", route_wake },
        { "GET", "/v1/slow", route_slow },           { "GET", "/v1/answered", route_answered },    { "GET", "/v1/counts", route_counts },
        { "GET", "/v1/held", route_held },
};

static inline int on_stop(sd_event_source *source, int fd, uint32_t revents, void *context)
{
        (void)fd;
        (void)revents;
        (void)context;
        return sd_event_exit(sd_event_source_get_event(source), 0);
}

/* Keeps the loop until the number is taken away again. */
static inline int on_hold(sd_event_source *source, int fd, uint32_t revents, void *context)
{
        struct pollfd p = { .fd = fd, .events = POLLIN };

        (void)source;
        (void)revents;
        (void)context;
        server.holds++;
        while (poll(&p, 1, 0) == 1)
                poll(NULL, 0, 1);
        return 0;
}

/* Of lower priority than the API. */
static inline int on_beside(sd_event_source *source, int fd, uint32_t revents, void *context)
{
        eventfd_t number;

        (void)source;
        (void)revents;
        (void)context;
        eventfd_read(fd, &number);
        server.slow_before = server.slow;
        return 0;
}

static inline int listen_on(const char *path)
{
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
        if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, 4096) < 0)
                abort();
        return fd;
}

static inline void *serve(void *context)
{
        const struct http_setup setup = { .routes = test_routes, .n_routes = ARRAY_SIZE(test_routes) };
        _cleanup_error_ struct error e = ERROR_INIT;
        struct http_server *http = NULL;
        sd_event_source *beside = NULL;
        sd_event *event = NULL;
        uint64_t one = 1;

        (void)context;
        if (sd_event_new(&event) < 0 || sd_event_add_io(event, NULL, server.stop, EPOLLIN, on_stop, NULL) < 0 ||
            sd_event_add_io(event, NULL, server.hold, EPOLLIN, on_hold, NULL) < 0 ||
            sd_event_add_io(event, &beside, server.beside, EPOLLIN, on_beside, NULL) < 0 || sd_event_source_set_priority(beside, 5) < 0 ||
            http_server_new(event, listen_on(server.socket), &setup, &http, &e) < 0) {
                fprintf(stderr, "%s\n", error_text(&e));
                abort();
        }
        server.http = http;
        (void)!write(server.ready, &one, sizeof(one));
        sd_event_loop(event);
        http_server_free(http);
        sd_event_source_unref(beside);
        sd_event_unref(event);
        return NULL;
}

static inline int server_setup(void **state)
{
        struct rlimit files = { 4096, 4096 };
        uint64_t one;

        (void)state;
        setrlimit(RLIMIT_NOFILE, &files);
        memset(&server, 0, sizeof(server));
        snprintf(server.folder, sizeof(server.folder), "/tmp/holdfast-api-XXXXXX");
        assert_non_null(mkdtemp(server.folder));
        snprintf(server.socket, sizeof(server.socket), "%s/api.sock", server.folder);
        server.stop = eventfd(0, EFD_CLOEXEC);
        server.ready = eventfd(0, EFD_CLOEXEC);
        server.hold = eventfd(0, EFD_CLOEXEC);
        server.beside = eventfd(0, EFD_CLOEXEC);
        assert_int_equal(pthread_create(&server.thread, NULL, serve, NULL), 0);
        assert_int_equal(read(server.ready, &one, sizeof(one)), sizeof(one));
        return 0;
}

static inline int server_teardown(void **state)
{
        uint64_t one = 1;

        (void)state;
        assert_int_equal(write(server.stop, &one, sizeof(one)), sizeof(one));
        pthread_join(server.thread, NULL);
        close(server.stop);
        close(server.ready);
        close(server.hold);
        close(server.beside);
        unlink(server.socket);
        rmdir(server.folder);
        return server.begun == server.done ? 0 : -1;
}

/* Raw clients. */
static inline int dial(void)
{
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        assert_true(fd >= 0);
        snprintf(address.sun_path, sizeof(address.sun_path), "%s", server.socket);
        assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
        return fd;
}

static inline void say_bytes(int fd, const char *bytes, size_t length)
{
        while (length) {
                ssize_t n = send(fd, bytes, length, MSG_NOSIGNAL);

                if (n < 0)
                        return; /* the server may have closed it: what it answered is what counts */
                bytes += n;
                length -= (size_t)n;
        }
}

static inline void say(int fd, const char *text)
{
        say_bytes(fd, text, strlen(text));
}

/* Reads until text has come, or the end where text is NULL. What was read is in *read, NUL-ended. True if it came. */
static inline bool hear(int fd, const char *text, struct buffer *read_)
{
        for (;;) {
                struct pollfd p = { .fd = fd, .events = POLLIN };
                char bytes[65536];
                ssize_t n;

                if (text && read_->data && strstr(read_->data, text))
                        return true;
                if (poll(&p, 1, WAIT_MS) <= 0)
                        return false;
                n = recv(fd, bytes, sizeof(bytes), 0);
                if (n <= 0)
                        return !text;
                assert_int_equal(buffer_append(read_, bytes, (size_t)n), 0);
        }
}

/* One request on a connection of its own, to be closed by the server; asserts that the answer has the text. */
static inline void ask(const char *request, const char *expected)
{
        _cleanup_buffer_ struct buffer answer = BUFFER_INIT;
        _cleanup_close_ int fd = dial();

        say(fd, request);
        assert_true(hear(fd, NULL, &answer));
        assert_non_null(answer.data);
        if (!strstr(answer.data, expected))
                fail_msg("expected \"%s\" in \"%s\"", expected, answer.data);
}

/* Waits until a counter has a value. */
static inline void wait_for(atomic_int *counter, int value)
{
        for (int i = 0; i < WAIT_MS && *counter != value; i++)
                poll(NULL, 0, 1);
        assert_int_equal(*counter, value);
}

/* Before a test that counts: the streams of the one before are done. */
static inline int settle(void **state)
{
        (void)state;
        for (int i = 0; i < WAIT_MS && server.done != server.begun; i++)
                poll(NULL, 0, 1);
        return server.done == server.begun ? 0 : -1;
}

#endif
