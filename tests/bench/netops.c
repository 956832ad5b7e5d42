/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What single operations over the network cost, as the process that does them sees it.
 * netops serve PORT                        the other end: TCP and UDP at that port; at the next one clients say what it is to take
 * netops run HOST PORT ROUNDS [NAME...]    does each operation (or those named) in rounds, with that end; prints what ops prints.
 *                                          Where http_proxy is set: by that proxy (RFC 9110, CONNECT), and only those over TCP
 * netops ask SERVER ROUNDS NAME SUFFIX     queries for a name, and for always new ones below another
 * netops flood SERVER RATE MS NAME GO      once the file GO is there, so many queries a second for so long; prints how many were
 *                                          sent and answered, JSON
 * Meant for a guest with one CPU whose clock counts instructions: what the kernel does at once for the other end, in the context of who
 * sends, is timed. That end itself acts outside of what is timed, but for "bulk", whose time is that until all has arrived.
 */
#include "bench/rounds.h"

#include <arpa/inet.h>
#include <limits.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#define BATCH 32               /* that a listener's queue and a socket's buffer can hold */
#define BULK_SEND (64 << 10)   /* bytes of one send */
#define BULK_SENDS 16          /* of a round */
#define QUERIES 4              /* of a round, known and new: 300 rounds are within what a session may ask at once */
#define TICK_NS 5000000        /* between two bursts of a flood */
#define PATIENCE_NS 1000000000 /* for its last answers */
#define NAME_SERVER 53

/* What the other end is told to take. */
enum order { TAKE_CONNECTIONS = 'c', TAKE_DATAGRAMS = 'd', TAKE_BULK = 'b' };

struct ends {
        struct sockaddr_in to;
        const char *host; /* by a proxy, which "to" is then; NULL: without */
        char credentials[512];
        int port;
        int control, bulk, sender, connected;
        const char *name, *suffix;
        uint64_t fresh; /* number of the next name that nobody has asked for */
};

static struct sockaddr_in address_of(const char *host, int port)
{
        const struct addrinfo hints = { .ai_family = AF_INET, .ai_socktype = SOCK_STREAM };
        struct addrinfo *found;
        struct sockaddr_in a;

        errno = EADDRNOTAVAIL;
        NEED(getaddrinfo(host, NULL, &hints, &found) ? -1 : 0);
        memcpy(&a, found->ai_addr, sizeof(a));
        freeaddrinfo(found);
        a.sin_port = htons(port);
        return a;
}

static int made(int type)
{
        return NEED(socket(AF_INET, type | SOCK_CLOEXEC, 0));
}

static int connected_to(int type, const struct sockaddr_in *to)
{
        int fd = made(type);

        NEED(connect(fd, (const struct sockaddr *)to, sizeof(*to)));
        return fd;
}

/* ---- by a proxy ---------------------------------------------------------------------------------------------------------------- */

static void base64(const char *in, char *out)
{
        static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        size_t left = strlen(in);

        for (; left; in += 3, left = left > 3 ? left - 3 : 0) {
                uint32_t v = (uint32_t)(uint8_t)in[0] << 16 | (left > 1 ? (uint8_t)in[1] << 8 : 0) | (left > 2 ? (uint8_t)in[2] : 0);

                *out++ = digits[v >> 18];
                *out++ = digits[v >> 12 & 63];
                *out++ = left > 1 ? digits[v >> 6 & 63] : '=';
                *out++ = left > 2 ? digits[v & 63] : '=';
        }
        *out = '\0';
}

/* http://[USER:PASSWORD@]HOST:PORT, as in the environment. */
static void take_proxy(struct ends *e, const char *url)
{
        char host[256] = "", user[256] = "";
        int port = 0;

        errno = EINVAL;
        if (sscanf(url, "http://%255[^@/]@%255[^:/]:%d", user, host, &port) != 3) {
                user[0] = '\0';
                NEED(sscanf(url, "http://%255[^:/@]:%d", host, &port) == 2 ? 0 : -1);
        }
        base64(user, e->credentials);
        e->to = address_of(host, port);
}

/* The proxy's answer to who asks for a connection: all of its head, which ends with an empty line. */
static void proxy_agrees(int fd)
{
        char head[2048];
        size_t n = 0;

        errno = EPROTO;
        while (n < sizeof(head) - 1 && (n < 4 || memcmp(head + n - 4, "\r\n\r\n", 4)))
                n += NEED(read(fd, head + n, 1) == 1 ? 1 : -1);
        head[n] = '\0';
        if (!strstr(head, " 200 ")) {
                fprintf(stderr, "netops: the proxy says: %s\n", head);
                exit(1);
        }
}

/* A connection to the other end, at that port. */
static int reached(const struct ends *e, int port)
{
        struct sockaddr_in to = e->to;
        int fd;

        if (!e->host) {
                to.sin_port = htons(port);
                return connected_to(SOCK_STREAM, &to);
        }
        fd = connected_to(SOCK_STREAM, &to);
        NEED(dprintf(fd, "CONNECT %s:%d HTTP/1.1\r\nHost: %s:%d\r\n%s%s%s\r\n", e->host, port, e->host, port,
                     *e->credentials ? "Proxy-Authorization: Basic " : "", e->credentials, *e->credentials ? "\r\n" : ""));
        proxy_agrees(fd);
        return fd;
}

/* ---- the other end ------------------------------------------------------------------------------------------------------------- */

static int bound(int type, int port)
{
        struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_ANY) };
        int one = 1, fd = made(type | (type == SOCK_DGRAM ? SOCK_NONBLOCK : 0));

        NEED(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)));
        NEED(bind(fd, (struct sockaddr *)&a, sizeof(a)));
        if (type == SOCK_STREAM)
                NEED(listen(fd, 2 * BATCH));
        return fd;
}

static void take_connections(int listener)
{
        struct pollfd p = { .fd = listener, .events = POLLIN };

        while (poll(&p, 1, 0) > 0)
                close(NEED(accept4(listener, NULL, NULL, SOCK_CLOEXEC)));
}

static void take_datagrams(int receiver)
{
        char byte;

        while (recv(receiver, &byte, 1, 0) >= 0)
                ;
}

/* Without a copy: that end would be another machine's. */
static bool take_bulk(int fd)
{
        ssize_t n;

        for (size_t left = (size_t)BULK_SEND * BULK_SENDS; left; left -= n) {
                n = recv(fd, NULL, left, MSG_TRUNC);
                if (n <= 0)
                        return false;
        }
        return true;
}

static void serve_one(int control, int listener, int receiver)
{
        int bulk = -1;
        char order;

        while (read(control, &order, 1) == 1) {
                if (order == TAKE_CONNECTIONS)
                        take_connections(listener);
                else if (order == TAKE_DATAGRAMS)
                        take_datagrams(receiver);
                else if (bulk < 0)
                        bulk = NEED(accept4(listener, NULL, NULL, SOCK_CLOEXEC));
                else if (!take_bulk(bulk))
                        break;
                if (write(control, &order, 1) != 1)
                        break;
        }
        if (bulk >= 0)
                close(bulk);
        close(control);
}

static int serve(int port)
{
        int listener = bound(SOCK_STREAM, port), receiver = bound(SOCK_DGRAM, port), orders = bound(SOCK_STREAM, port + 1);

        for (;;)
                serve_one(NEED(accept4(orders, NULL, NULL, SOCK_CLOEXEC)), listener, receiver);
}

/* ---- operations ---------------------------------------------------------------------------------------------------------------- */

static void ordered(struct ends *e, char order)
{
        NEED(write(e->control, &order, 1) == 1 ? 0 : -1);
}

static void taken(struct ends *e)
{
        char order;

        NEED(read(e->control, &order, 1) == 1 ? 0 : -1);
}

/*
 * What this thread took. Whoever runs in between on the one CPU is not in it: holdfastd, when it writes down what has connected. But a
 * proxy is, without which nothing goes on.
 */
static uint64_t own_ns(const struct ends *e)
{
        struct timespec t;

        NEED(clock_gettime(e->host ? CLOCK_MONOTONIC : CLOCK_THREAD_CPUTIME_ID, &t));
        return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* A new socket, its connect() and its close(); by a proxy until that has connected. */
static uint64_t connect_close(void *context, int count)
{
        struct ends *e = context;
        uint64_t start = own_ns(e), took;

        for (int i = 0; i < count; i++)
                close(reached(e, e->port));
        took = own_ns(e) - start;
        ordered(e, TAKE_CONNECTIONS);
        taken(e);
        return took;
}

static uint64_t send_connected(void *context, int count)
{
        struct ends *e = context;
        uint64_t start = own_ns(e), took;

        for (int i = 0; i < count; i++)
                NEED(send(e->connected, "x", 1, 0));
        took = own_ns(e) - start;
        ordered(e, TAKE_DATAGRAMS);
        taken(e);
        return took;
}

static uint64_t send_to(void *context, int count)
{
        struct ends *e = context;
        uint64_t start = own_ns(e), took;

        for (int i = 0; i < count; i++)
                NEED(sendto(e->sender, "x", 1, 0, (struct sockaddr *)&e->to, sizeof(e->to)));
        took = own_ns(e) - start;
        ordered(e, TAKE_DATAGRAMS);
        taken(e);
        return took;
}

static uint64_t send_bulk(void *context, int count)
{
        static char data[BULK_SEND];
        struct ends *e = context;
        uint64_t start;

        if (e->bulk < 0) {
                e->bulk = reached(e, e->port);
                ordered(e, TAKE_BULK);
                taken(e);
        }
        ordered(e, TAKE_BULK);
        start = now_ns();
        for (int i = 0; i < count; i++)
                NEED(send(e->bulk, data, sizeof(data), 0) == sizeof(data) ? 0 : -1);
        taken(e);
        return now_ns() - start;
}

static const struct row rows[] = {
        { "connect", 16, connect_close },
        { "send", BATCH, send_connected },
        { "sendto", BATCH, send_to },
        { "bulk", BULK_SENDS, send_bulk },
};

static int run(char **arg, int n_names)
{
        struct ends e = { .port = atoi(arg[1]), .bulk = -1 };
        const char *proxy = getenv("http_proxy");

        if (proxy) {
                e.host = arg[0];
                take_proxy(&e, proxy);
        } else {
                e.to = address_of(arg[0], e.port);
                e.sender = made(SOCK_DGRAM);
                e.connected = connected_to(SOCK_DGRAM, &e.to);
        }
        e.control = reached(&e, e.port + 1);
        ordered(&e, TAKE_CONNECTIONS); /* of whoever was here before */
        taken(&e);
        return rounds_run(rows, sizeof(rows) / sizeof(rows[0]), &e, atoi(arg[2]), n_names, arg + 3);
}

/* ---- names --------------------------------------------------------------------------------------------------------------------- */

/* A query for the A record, RFC 1035. Returns its size. */
static size_t make_query(uint8_t wire[512], const char *name)
{
        static const uint8_t head[12] = { 0x12, 0x34, 1, 0, 0, 1 }, tail[5] = { 0, 0, 1, 0, 1 };
        uint8_t *at = wire + sizeof(head);

        memcpy(wire, head, sizeof(head));
        while (*name) {
                size_t label = strcspn(name, ".");

                *at++ = (uint8_t)label;
                memcpy(at, name, label);
                at += label;
                name += label;
                name += *name == '.';
        }
        memcpy(at, tail, sizeof(tail));
        return (size_t)(at - wire) + sizeof(tail);
}

/* Whether it is an answer, and one with records. */
static bool is_found(const uint8_t *wire, ssize_t n)
{
        return n > 12 && (wire[2] & 0x80) && !(wire[3] & 0xf) && wire[7];
}

/* One query as the C library makes it, with a socket of its own. */
static void ask_for(const struct ends *e, const char *name)
{
        struct pollfd p = { .fd = connected_to(SOCK_DGRAM, &e->to), .events = POLLIN };
        uint8_t wire[1500];
        size_t size = make_query(wire, name);

        NEED(send(p.fd, wire, size, MSG_NOSIGNAL));
        errno = ETIMEDOUT;
        NEED(poll(&p, 1, 5000) == 1 ? 0 : -1);
        errno = EPROTO;
        NEED(is_found(wire, recv(p.fd, wire, sizeof(wire), 0)) ? 0 : -1);
        close(p.fd);
}

static uint64_t ask_known(void *context, int count)
{
        struct ends *e = context;
        uint64_t start = now_ns();

        for (int i = 0; i < count; i++)
                ask_for(e, e->name);
        return now_ns() - start;
}

static uint64_t ask_fresh(void *context, int count)
{
        struct ends *e = context;
        uint64_t start = now_ns();
        char name[256];

        for (int i = 0; i < count; i++) {
                snprintf(name, sizeof(name), "u%lx.%.200s", e->fresh++, e->suffix);
                ask_for(e, name);
        }
        return now_ns() - start;
}

static int ask(char **arg)
{
        static const struct row asks[] = { { "known", QUERIES, ask_known }, { "fresh", QUERIES, ask_fresh } };
        struct ends e = { .to = address_of(arg[0], NAME_SERVER), .name = arg[2], .suffix = arg[3], .fresh = now_ns() };

        ask_for(&e, e.name); /* from here on it is known */
        return rounds_run(asks, 2, &e, atoi(arg[1]), 0, NULL);
}

static unsigned answers(int fd)
{
        uint8_t wire[1500];
        unsigned n = 0;
        ssize_t size;

        while ((size = recv(fd, wire, sizeof(wire), MSG_DONTWAIT)) >= 0)
                n += is_found(wire, size);
        return n;
}

static int flood(char **arg)
{
        const struct sockaddr_in to = address_of(arg[0], NAME_SERVER);
        const uint64_t rate = atoi(arg[1]), length = atoi(arg[2]) * 1000000ULL;
        const struct timespec tick = { 0, TICK_NS };
        int fd = connected_to(SOCK_DGRAM, &to);
        unsigned sent = 0, answered = 0;
        uint64_t start, now = 0;
        uint8_t wire[512];
        size_t size = make_query(wire, arg[3]);

        while (access(arg[4], F_OK) < 0)
                nanosleep(&tick, NULL);
        start = now_ns();
        while (now < length) {
                now = now_ns() - start;
                for (; sent < rate * (now < length ? now : length) / 1000000000; sent++)
                        NEED(send(fd, wire, size, MSG_NOSIGNAL));
                answered += answers(fd);
                nanosleep(&tick, NULL);
        }
        while (answered < sent && now_ns() - start < length + PATIENCE_NS) {
                nanosleep(&tick, NULL);
                answered += answers(fd);
        }
        printf("{ \"sent\": %u, \"answered\": %u }\n", sent, answered);
        return 0;
}

int main(int argc, char **argv)
{
        if (argc == 3 && !strcmp(argv[1], "serve"))
                return serve(atoi(argv[2]));
        if (argc >= 5 && !strcmp(argv[1], "run") && atoi(argv[4]) > 0 && atoi(argv[4]) <= ROUNDS_MAX)
                return run(argv + 2, argc - 5);
        if (argc == 6 && !strcmp(argv[1], "ask") && atoi(argv[3]) > 0 && atoi(argv[3]) <= ROUNDS_MAX)
                return ask(argv + 2);
        if (argc == 7 && !strcmp(argv[1], "flood"))
                return flood(argv + 2);
        fputs("usage: netops serve PORT | run HOST PORT ROUNDS [NAME...] | ask SERVER ROUNDS NAME SUFFIX | flood SERVER RATE MS NAME GO\n",
              stderr);
        return 2;
}
