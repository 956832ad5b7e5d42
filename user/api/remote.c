/* SPDX-License-Identifier: Apache-2.0 */
/* Connections over TCP: bounded in number, overall and for each address, and in the time that a request may take to arrive. */
#include "api/internal.h"

#include "base/log.h"
#include "base/time.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/*
 * The address as text; and what counts as one client: an IPv4 address, also where it comes mapped, or the 64 bits of an IPv6 network, of
 * which a host may have as many addresses as it likes.
 */
static void address_text(const struct sockaddr *from, char address[INET6_ADDRSTRLEN], char group[INET6_ADDRSTRLEN])
{
        if (from->sa_family == AF_INET6) {
                struct in6_addr a = ((const struct sockaddr_in6 *)(const void *)from)->sin6_addr;

                if (IN6_IS_ADDR_V4MAPPED(&a)) {
                        inet_ntop(AF_INET, &a.s6_addr[12], address, INET6_ADDRSTRLEN);
                        memcpy(group, address, INET6_ADDRSTRLEN);
                        return;
                }
                inet_ntop(AF_INET6, &a, address, INET6_ADDRSTRLEN);
                memset(&a.s6_addr[8], 0, 8);
                inet_ntop(AF_INET6, &a, group, INET6_ADDRSTRLEN);
                return;
        }
        memset(address, 0, INET6_ADDRSTRLEN);
        if (from->sa_family == AF_INET)
                inet_ntop(AF_INET, &((const struct sockaddr_in *)(const void *)from)->sin_addr, address, INET6_ADDRSTRLEN);
        memcpy(group, address, INET6_ADDRSTRLEN);
}

enum MHD_Result remote_accept(void *server, const struct sockaddr *from, socklen_t length)
{
        struct http_server *s = server;
        char address[INET6_ADDRSTRLEN] = "", group[INET6_ADDRSTRLEN] = "";
        unsigned int open = 0;

        (void)length;
        address_text(from, address, group);
        for (const struct remote_connection *c = s->remote.list; c; c = c->next)
                open += !strcmp(c->group, group);
        if (open < HTTP_REMOTE_ADDRESS_MAX && limiter_take(s->remote.made, group, time_now(CLOCK_MONOTONIC), NULL))
                return MHD_YES;
        log_debug("the API hung up on %s, which makes too many connections", address);
        return MHD_NO;
}

/* Those that are told no anyway do not keep others out. */
static bool too_many_agents(const struct http_server *s)
{
        unsigned int agents = 0;

        for (const struct remote_connection *c = s->remote.list; c; c = c->next)
                agents += c->met > 0;
        return agents > HTTP_REMOTE_AGENTS_MAX;
}

static void enter(struct http_server *s, struct remote_connection *c)
{
        c->since = time_now(CLOCK_MONOTONIC);
        c->next = s->remote.list;
        c->link = &s->remote.list;
        if (c->next)
                c->next->link = &c->next;
        s->remote.list = c;
        sd_event_source_set_enabled(s->remote.tick, SD_EVENT_ON);
}

static void leave(struct remote_connection *c)
{
        *c->link = c->next;
        if (c->next)
                c->next->link = c->link;
        free(c);
}

void remote_notify(void *server, struct MHD_Connection *connection, void **kept, enum MHD_ConnectionNotificationCode what)
{
        const union MHD_ConnectionInfo *fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
        const union MHD_ConnectionInfo *from = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
        const struct http_setup *setup = &((struct http_server *)server)->setup;
        struct remote_connection *c;

        if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
                if (*kept)
                        leave(*kept);
                *kept = NULL;
                return;
        }
        if (!fd)
                return;
        c = from && from->client_addr ? calloc(1, sizeof(*c)) : NULL;
        if (!c) {
                shutdown(fd->connect_fd, SHUT_RDWR);
                return;
        }
        c->fd = fd->connect_fd;
        c->met = setup->meet ? setup->meet(c->fd, setup->context) : 0;
        address_text(from->client_addr, c->address, c->group);
        enter(server, c);
        *kept = c;
        if (c->met > 0 && too_many_agents(server))
                shutdown(c->fd, SHUT_RDWR);
}

struct remote_connection *remote_of(struct MHD_Connection *connection)
{
        const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

        return info ? info->socket_context : NULL;
}

/* libmicrohttpd's own limit is on the time without a byte, which a client that sends one now and then never meets. */
static int on_tick(sd_event_source *source, uint64_t us, void *server)
{
        struct http_server *s = server;
        const uint64_t now = time_now(CLOCK_MONOTONIC);

        (void)us;
        for (struct remote_connection *c = s->remote.list; c; c = c->next)
                if (c->since && now - c->since > HTTP_REMOTE_SECONDS * 1000000000ull)
                        shutdown(c->fd, SHUT_RDWR);
        sd_event_source_set_time_relative(source, 1000000);
        sd_event_source_set_enabled(source, s->remote.list ? SD_EVENT_ON : SD_EVENT_OFF);
        return 0;
}

int remote_start(struct http_server *s, sd_event *event)
{
        int r = sd_event_add_time_relative(event, &s->remote.tick, CLOCK_MONOTONIC, 0, 0, on_tick, s);

        if (r >= 0)
                r = sd_event_source_set_priority(s->remote.tick, s->setup.priority);
        if (r >= 0)
                sd_event_source_set_description(s->remote.tick, "api-late");
        return r;
}

void remote_stop(struct http_server *s)
{
        sd_event_source_disable_unref(s->remote.tick);
        free(s->remote.made);
}

static void set_since(struct http_server *s, struct MHD_Connection *connection, uint64_t since)
{
        struct remote_connection *c = s->remote.made ? remote_of(connection) : NULL;

        if (c)
                c->since = since;
}

void remote_arrived(struct http_server *s, struct MHD_Connection *connection)
{
        set_since(s, connection, 0);
}

void remote_waits(struct http_server *s, struct MHD_Connection *connection)
{
        set_since(s, connection, time_now(CLOCK_MONOTONIC));
}
