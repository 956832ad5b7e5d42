/* SPDX-License-Identifier: Apache-2.0 */
/* Who is connected: no user may hold so many connections that an administrator's kill has to wait for one. */
#include "api/internal.h"

#include "base/log.h"

#include <stdlib.h>
#include <sys/socket.h>

/* Its user, by what the kernel recorded when it connected; those of a socket without such a record count as one user. */
static uid_t peer_user(int fd)
{
        struct ucred peer;
        socklen_t length = sizeof(peer);

        return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0 ? peer.uid : (uid_t)-1;
}

static struct peer *find(struct peers *p, uid_t user)
{
        for (size_t i = 0; i < p->n; i++)
                if (p->list[i].user == user)
                        return &p->list[i];
        return NULL;
}

static struct peer *find_or_add(struct peers *p, uid_t user)
{
        struct peer *peer = find(p, user), *list;

        if (peer)
                return peer;
        list = reallocarray(p->list, p->n + 1, sizeof(*list));
        if (!list)
                return NULL;
        p->list = list;
        p->list[p->n] = (struct peer){ user, 0 };
        return &p->list[p->n++];
}

static void leave(struct peers *p, uid_t user)
{
        struct peer *peer = find(p, user);

        if (!peer)
                return;
        p->connections--;
        if (--peer->connections == 0)
                *peer = p->list[--p->n];
}

/* Whether a user may have one more. Root always may, up to what the server takes at all. */
static bool enter(struct peers *p, uid_t user)
{
        struct peer *peer;

        if (p->connections >= HTTP_CONNECTIONS_USERS_MAX)
                return false;
        peer = find_or_add(p, user);
        if (!peer || peer->connections >= HTTP_CONNECTIONS_USER_MAX)
                return false;
        peer->connections++;
        p->connections++;
        return true;
}

void peers_notify(void *server, struct MHD_Connection *connection, void **counted, enum MHD_ConnectionNotificationCode what)
{
        struct peers *p = &((struct http_server *)server)->peers;
        const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
        uid_t user;

        /* Counted connections carry their user, plus one, since the record could be gone when they end. */
        if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
                if (*counted)
                        leave(p, (uid_t)((uintptr_t)*counted - 1));
                *counted = NULL;
                return;
        }
        if (!info)
                return;
        user = peer_user(info->connect_fd);
        if (user == 0)
                return;
        if (enter(p, user)) {
                *counted = (void *)((uintptr_t)user + 1);
                return;
        }
        log_debug("the API hung up on user %u, who has too many connections", user);
        shutdown(info->connect_fd, SHUT_RDWR);
}

bool peers_is_user(struct MHD_Connection *connection)
{
        const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

        return info && info->socket_context;
}

void peers_clear(struct peers *p)
{
        free(p->list);
        *p = (struct peers){ NULL, 0, 0 };
}
