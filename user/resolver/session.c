/* SPDX-License-Identifier: Apache-2.0 */
/* A session's sockets: queries come in, go upstream where its policy allows their names, and are answered. */
#include "resolver/server.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "resolver/message.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#define PENDING_MAX 512
#define CONNECTIONS_MAX 64
#define UNREAD_MAX (1u << 18)  /* bytes of answers that a connection has not taken; what comes then is not sent */
#define AT_ONCE 32             /* queries that are read before others have their turn */
#define ADDRESSES_AN_ANSWER 64 /* that are opened, and passed on */

static const struct timeval patience = { 4, 0 }; /* shorter than that of the usual clients, so that they hear of it */
static const struct timeval idle = { 10, 0 };    /* of a connection */

/* Of queries over TCP. */
struct connection {
        struct client_session *session;
        struct bufferevent *stream;
        struct connection *next, **at;
};

/* Whom an answer is for. */
struct client {
        struct connection *connection; /* NULL: it came over UDP, or the connection is gone */
        int udp;                       /* -1: it came over TCP */
        struct sockaddr_storage addr;
        socklen_t addr_length;
};

struct pending {
        struct client_session *session;
        struct client client;
        struct query query;
        struct event *timeout;
        struct question question;
        uint32_t rule; /* that lets it be asked */
        struct pending *next, **at;
};

/* ---- answers ------------------------------------------------------------------------------------------------------------------- */

static void send_to(const struct client *c, const struct answer *a)
{
        const uint8_t length[2] = { (uint8_t)(a->size >> 8), (uint8_t)a->size };

        if (c->udp >= 0) {
                sendto(c->udp, a->wire, a->size, MSG_DONTWAIT | MSG_NOSIGNAL, (const struct sockaddr *)&c->addr, c->addr_length);
        } else if (c->connection && a->size <= MESSAGE_MAX &&
                   evbuffer_get_length(bufferevent_get_output(c->connection->stream)) < UNREAD_MAX) {
                bufferevent_write(c->connection->stream, length, sizeof(length));
                bufferevent_write(c->connection->stream, a->wire, a->size);
        }
}

static void tell_start(struct resolver_tell *tell, const struct pending *p, enum resolver_why what)
{
        *tell = (struct resolver_tell){
                .what = (uint16_t)what,
                .why = HF_WHY_ALLOWED,
                .policy = p->session->names.tables[0].policy,
                .rule = p->rule,
                .type = p->query.type,
                .proto = p->client.udp >= 0 ? HF_UDP : HF_TCP,
        };
        memcpy(tell->name, p->query.name, sizeof(tell->name));
}

static void pending_free(struct pending *p)
{
        upstream_take_back(&p->question);
        if (p->timeout)
                event_free(p->timeout);
        if (p->at) {
                *p->at = p->next;
                if (p->next)
                        p->next->at = p->at;
                p->session->n_pending--;
        }
        query_clear(&p->query);
        free(p);
}

/* Answers without records, tells of it, and is done. blocked: NULL, or why, for the client. */
static void refuse(struct pending *p, ldns_pkt_rcode rcode, const char *blocked, struct resolver_tell *tell)
{
        struct answer a;

        tell->rcode = (uint16_t)rcode;
        server_tell(p->session->server, p->session, tell);
        if (answer_empty(&p->query, rcode, blocked, &a) == 0) {
                send_to(&p->client, &a);
                free(a.wire);
        }
        pending_free(p);
}

static void fail(struct pending *p)
{
        struct resolver_tell tell;

        tell_start(&tell, p, RESOLVER_FAILED);
        refuse(p, LDNS_RCODE_SERVFAIL, NULL, &tell);
}

struct opener {
        struct pending *pending;
        struct resolver_tell *tell;
        unsigned n;
};

/* Opens an address before it is told. */
static bool open_address(void *context, const uint8_t addr[16], uint32_t seconds)
{
        struct opener *o = context;

        if (o->n == ADDRESSES_AN_ANSWER || !names_open(&o->pending->session->names, o->pending->query.name, addr, seconds, server_now()))
                return false;
        o->n++;
        if (o->tell->n_addr < RESOLVER_ADDRESSES)
                memcpy(o->tell->addr[o->tell->n_addr++], addr, 16);
        return true;
}

static void on_found(void *context, const uint8_t *message, size_t size)
{
        struct pending *p = context;
        struct resolver_tell tell;
        struct opener opener = { p, &tell, 0 };
        struct answer a;

        tell_start(&tell, p, RESOLVER_ANSWERED);
        if (!message || answer_make(&p->query, message, size, p->client.udp >= 0, open_address, &opener, &a) < 0) {
                fail(p);
                return;
        }
        if (a.taken && !a.left) {
                free(a.wire);
                tell.what = RESOLVER_PRIVATE;
                refuse(p, LDNS_RCODE_REFUSED, "the name leads only to addresses to which no rule of the policy lets it lead", &tell);
                return;
        }
        tell.rcode = a.rcode;
        server_tell(p->session->server, p->session, &tell); /* before who asked can connect */
        send_to(&p->client, &a);
        free(a.wire);
        pending_free(p);
}

static void on_timeout(evutil_socket_t fd, short what, void *context)
{
        (void)fd;
        (void)what;
        fail(context);
}

/* ---- queries ------------------------------------------------------------------------------------------------------------------- */

static void ask(struct pending *p)
{
        struct client_session *s = p->session;

        p->question = (struct question){ .found = on_found, .context = p };
        p->at = &s->pending;
        p->next = s->pending;
        if (p->next)
                p->next->at = &p->next;
        s->pending = p;
        s->n_pending++;
        p->timeout = evtimer_new(s->server->base, on_timeout, p);
        if (s->n_pending > PENDING_MAX || !p->timeout || event_add(p->timeout, &patience) < 0 || !s->server->upstream) {
                fail(p);
                return;
        }
        if (upstream_ask(s->server->upstream, s->names.slot, p->query.name, p->query.type, &p->question) < 0)
                fail(p);
}

/* Takes a query in wire format. */
static void take(struct client_session *s, const struct client *client, const uint8_t *wire, size_t size)
{
        struct pending *p = calloc(1, sizeof(*p));
        struct names_verdict v;
        struct resolver_tell tell;
        int r;

        if (!p)
                return;
        p->session = s;
        p->client = *client;
        r = query_read(wire, size, &p->query);
        if (r == -EBADMSG) {
                pending_free(p);
                return;
        }
        tell_start(&tell, p, RESOLVER_FAILED);
        if (r < 0) {
                refuse(p, r == -EOPNOTSUPP ? LDNS_RCODE_NOTIMPL : LDNS_RCODE_FORMERR, NULL, &tell);
                return;
        }
        v = names_decide(&s->names, p->query.name, p->query.odd, server_now_ms());
        tell.what = (uint16_t)v.what;
        tell.why = (uint16_t)v.why;
        tell.rule = v.rule;
        p->rule = v.rule;
        if (v.what == RESOLVER_ANSWERED)
                ask(p);
        else
                refuse(p, LDNS_RCODE_REFUSED,
                       v.what == RESOLVER_LIMIT ? "too many queries, too many different names, or a label that is too long"
                                                : "the policy of this session does not allow the name",
                       &tell);
}

static void on_datagram(evutil_socket_t fd, short what, void *context)
{
        static uint8_t wire[MESSAGE_MAX];
        struct client_session *s = context;

        for (int i = 0; i < AT_ONCE; i++) {
                struct client client = { .udp = fd, .addr_length = sizeof(client.addr) };
                ssize_t n = recvfrom(fd, wire, sizeof(wire), MSG_DONTWAIT, (struct sockaddr *)&client.addr, &client.addr_length);

                if (n < 0)
                        return;
                take(s, &client, wire, (size_t)n);
        }
        (void)what;
}

/* ---- connections --------------------------------------------------------------------------------------------------------------- */

static void connection_free(struct connection *c)
{
        for (struct pending *p = c->session->pending; p; p = p->next)
                if (p->client.connection == c)
                        p->client.connection = NULL;
        *c->at = c->next;
        if (c->next)
                c->next->at = c->at;
        c->session->n_connections--;
        bufferevent_free(c->stream);
        free(c);
}

static void on_stream(struct bufferevent *stream, void *context)
{
        static uint8_t wire[MESSAGE_MAX];
        struct connection *c = context;
        struct evbuffer *in = bufferevent_get_input(stream);
        struct client client = { .connection = c, .udp = -1 };
        uint8_t head[2];
        size_t size;

        for (int i = 0; evbuffer_copyout(in, head, sizeof(head)) == sizeof(head); i++) {
                if (i == AT_ONCE) {
                        bufferevent_trigger(stream, EV_READ, BEV_TRIG_IGNORE_WATERMARKS | BEV_TRIG_DEFER_CALLBACKS);
                        return;
                }
                size = (size_t)head[0] << 8 | head[1];
                if (evbuffer_get_length(in) < sizeof(head) + size)
                        return;
                evbuffer_drain(in, sizeof(head));
                evbuffer_remove(in, wire, size);
                take(c->session, &client, wire, size);
        }
}

static void on_stream_end(struct bufferevent *stream, short what, void *context)
{
        (void)stream;
        (void)what;
        connection_free(context);
}

static void on_connection(evutil_socket_t listener, short what, void *context)
{
        struct client_session *s = context;
        _cleanup_close_ int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        struct connection *c;

        (void)what;
        if (fd < 0 || s->n_connections >= CONNECTIONS_MAX)
                return;
        c = calloc(1, sizeof(*c));
        if (!c)
                return;
        c->session = s;
        c->stream = bufferevent_socket_new(s->server->base, fd, BEV_OPT_CLOSE_ON_FREE);
        if (!c->stream) {
                free(c);
                return;
        }
        (void)TAKE_FD(fd);
        c->at = &s->connections;
        c->next = s->connections;
        if (c->next)
                c->next->at = &c->next;
        s->connections = c;
        s->n_connections++;
        bufferevent_setcb(c->stream, on_stream, NULL, on_stream_end, c);
        bufferevent_set_timeouts(c->stream, &idle, &idle);
        bufferevent_setwatermark(c->stream, EV_READ, 0, 2 + MESSAGE_MAX);
        bufferevent_enable(c->stream, EV_READ | EV_WRITE);
}

/* ---- sessions ------------------------------------------------------------------------------------------------------------------ */

int session_open(struct server *s, uint32_t slot, uint64_t generation, int *fds, size_t n)
{
        struct client_session *c = calloc(1, sizeof(*c));

        if (!c)
                return -ENOMEM;
        c->server = s;
        c->names =
                (struct names){ .slot = slot, .generation = generation, .opened = s->opened, .named = s->named, .policies = s->policies };
        for (size_t i = 0; i < n; i++) {
                bool udp = i == RESOLVER_UDP4 || i == RESOLVER_UDP6;

                evutil_make_socket_nonblocking(fds[i]);
                c->sockets[i] = event_new(s->base, fds[i], EV_READ | EV_PERSIST, udp ? on_datagram : on_connection, c);
                if (c->sockets[i])
                        fds[i] = -1; /* it is closed with the session */
                if (!c->sockets[i] || event_add(c->sockets[i], NULL) < 0) {
                        session_close(s, c);
                        return -ENOMEM;
                }
        }
        s->sessions[slot] = c;
        return 0;
}

void session_give_up(struct server *s, struct client_session *c)
{
        (void)s;
        while (c->pending)
                fail(c->pending);
}

void session_close(struct server *s, struct client_session *c)
{
        if (!c)
                return;
        while (c->pending)
                pending_free(c->pending);
        while (c->connections)
                connection_free(c->connections);
        for (size_t i = 0; i < RESOLVER_SOCKETS; i++) {
                int fd = c->sockets[i] ? event_get_fd(c->sockets[i]) : -1;

                if (c->sockets[i])
                        event_free(c->sockets[i]);
                cleanup_close(&fd);
        }
        names_clear(&c->names);
        if (s->sessions[c->names.slot] == c)
                s->sessions[c->names.slot] = NULL;
        free(c);
}
