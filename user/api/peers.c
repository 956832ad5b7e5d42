/* SPDX-License-Identifier: Apache-2.0 */
/* Who is connected: no account may hold so many connections that an administrator's kill has to wait for one. */
#include "api/internal.h"

#include "base/time.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* A flood of connections gets three quarters of the loop's time: of each */
#define DOOR_INTERVAL_US 4000
#define DOOR_TURNS 3 /* of */
#define DOOR_TURN_NS 1000000ull

/* By default its user, by what the kernel recorded when it connected; those of a socket without such a record count as one user. */
static uint32_t account_of(const struct http_server *s, int fd)
{
        struct ucred peer;
        socklen_t length = sizeof(peer);

        if (s->setup.account)
                return s->setup.account(fd, s->setup.context);
        return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0 ? peer.uid : UINT32_MAX;
}

static bool is_small(uint32_t account)
{
        return account >= HTTP_SMALL;
}

static struct peer *find(const struct peers *p, uint32_t account)
{
        for (size_t i = 0; i < p->n; i++)
                if (p->list[i].account == account)
                        return &p->list[i];
        return NULL;
}

static struct peer *find_or_add(struct peers *p, uint32_t account)
{
        struct peer *peer = find(p, account), *list;

        if (peer)
                return peer;
        list = reallocarray(p->list, p->n + 1, sizeof(*list));
        if (!list)
                return NULL;
        p->list = list;
        p->list[p->n] = (struct peer){ account, 0 };
        return &p->list[p->n++];
}

static void leave(struct peers *p, uint32_t account)
{
        struct peer *peer = find(p, account);

        if (!peer)
                return;
        p->connections--;
        p->small -= is_small(account);
        if (--peer->connections == 0)
                *peer = p->list[--p->n];
}

/* Whether it may have one more. */
static bool has_room(const struct peers *p, uint32_t account)
{
        const unsigned most = is_small(account) ? HTTP_CONNECTIONS_SMALL_MAX : HTTP_CONNECTIONS_USER_MAX;
        const struct peer *peer = find(p, account);

        return p->connections < HTTP_CONNECTIONS_USERS_MAX && (!is_small(account) || p->small < HTTP_CONNECTIONS_SMALLS_MAX) &&
               (!peer || peer->connections < most);
}

static bool enter(struct peers *p, uint32_t account)
{
        struct peer *peer = find_or_add(p, account);

        if (!peer)
                return false;
        peer->connections++;
        p->connections++;
        p->small += is_small(account);
        return true;
}

void peers_notify(void *server, struct MHD_Connection *connection, void **counted, enum MHD_ConnectionNotificationCode what)
{
        struct http_server *s = server;
        struct peers *p = &s->peers;
        const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
        uint32_t account;

        /* Counted connections carry their account, plus one, since the record could be gone when they end. */
        if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
                if (*counted)
                        leave(p, (uint32_t)((uintptr_t)*counted - 1));
                *counted = NULL;
                return;
        }
        if (!info)
                return;
        account = account_of(s, info->connect_fd);
        if (enter(p, account))
                *counted = (void *)((uintptr_t)account + 1);
        else
                shutdown(info->connect_fd, SHUT_RDWR);
}

/*
 * Root's connections wait for nobody else's; but those of an agent that runs as root do. NULL: there is no room for it, which is found out
 * before libmicrohttpd has any work with it.
 */
static struct http_line *line_of(struct http_server *s, int fd)
{
        const uint32_t account = account_of(s, fd);

        if (account == 0)
                return &s->root;
        return has_room(&s->peers, account) ? &s->all : NULL;
}

static void take(struct http_server *s, int fd)
{
        const struct sockaddr_un nobody = { .sun_family = AF_UNIX };
        struct http_line *l = line_of(s, fd);

        if (!l)
                close(fd);
        else if (MHD_add_connection(l->mhd, fd, (const struct sockaddr *)&nobody, sizeof(nobody)) == MHD_YES)
                line_resumed(l);
}

static int on_connections(sd_event_source *source, int listen_fd, uint32_t revents, void *context)
{
        struct http_server *s = context;
        const uint64_t until = time_now(CLOCK_MONOTONIC) + DOOR_TURN_NS;

        (void)revents;
        while (line_connections(&s->root) < HTTP_CONNECTIONS_MAX) {
                int fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

                if (fd < 0)
                        return 0;
                take(s, fd);
                if (time_now(CLOCK_MONOTONIC) > until)
                        return 0;
        }
        sd_event_source_set_enabled(source, SD_EVENT_OFF);
        return 0;
}

void peers_left(struct http_server *s)
{
        sd_event_source_set_enabled(s->door, SD_EVENT_ON);
}

int peers_start(struct http_server *s, sd_event *event, int listen_fd)
{
        int fd = fcntl(listen_fd, F_DUPFD_CLOEXEC, 3), r;

        if (fd < 0)
                return -errno;
        fcntl(fd, F_SETFL, O_NONBLOCK); /* whoever hangs up meanwhile is not waited for */
        r = sd_event_add_io(event, &s->door, fd, EPOLLIN, on_connections, s);
        if (r < 0) {
                close(fd);
                return r;
        }
        sd_event_source_set_io_fd_own(s->door, true);
        sd_event_source_set_description(s->door, "api-listener");
        r = sd_event_source_set_ratelimit(s->door, DOOR_INTERVAL_US, DOOR_TURNS);
        return r < 0 ? r : sd_event_source_set_priority(s->door, s->setup.priority - 1);
}

void peers_stop(struct http_server *s)
{
        sd_event_source_disable_unref(s->door);
        free(s->peers.list);
}
