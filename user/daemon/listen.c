/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/listen.h"

#include "daemon/access.h"
#include "daemon/daemon.h"
#include "daemon/routes.h"

#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#define BACKLOG 4096 /* and no more than net.core.somaxconn */

/* Everyone may connect, or a group: what each may do is decided for each request. */
static int permit(struct daemon *d, struct error *e)
{
        const struct config *c = &d->config;
        const struct group *group = c->group ? getgrnam(c->group) : NULL;
        int r;

        if (c->group && !group)
                return error_set(e, -EINVAL, "$.group: there is no group \"%s\"", c->group);
        setfsgid(group ? group->gr_gid : 0); /* to give a file to one's own group takes no capability */
        r = chown(c->socket, 0, group ? group->gr_gid : 0) < 0 || chmod(c->socket, group ? 0660 : 0666) < 0 ? -errno : 0;
        setfsgid(0);
        if (r < 0)
                return error_set(e, r, "cannot set the mode of %s: %s", c->socket, strerror(-r));
        for (int role = 0; role < CALLERS; role++) {
                const char *name = c->remote.groups[role];
                const struct group *gives = name ? getgrnam(name) : NULL;

                if (name && !gives)
                        return error_set(e, -EINVAL, "$.roles.%s: there is no group \"%s\"", role_name(role), name);
                d->remote.groups[role] = gives ? gives->gr_gid : (gid_t)-1;
        }
        return 0;
}

static int make_socket(struct daemon *d, struct error *e)
{
        _cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int r;

        if (snprintf(address.sun_path, sizeof(address.sun_path), "%s", d->config.socket) >= (int)sizeof(address.sun_path))
                return error_set(e, -ENAMETOOLONG, "$.socket: %s is longer than a socket's path may be (%zu bytes)", d->config.socket,
                                 sizeof(address.sun_path) - 1);
        /* The lock is ours, so a socket that is there is a dead daemon's. */
        if (unlink(d->config.socket) < 0 && errno != ENOENT)
                return error_set(e, -errno, "cannot replace %s: %s", d->config.socket, strerror(errno));
        if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
                return error_set(e, -errno, "cannot make the socket %s: %s", d->config.socket, strerror(errno));
        r = permit(d, e);
        if (r >= 0)
                r = kernel_listener(d->kernel, fd, e); /* before anyone can connect */
        if (r < 0)
                return r;
        if (listen(fd, BACKLOG) < 0)
                return error_set(e, -errno, "cannot listen on %s: %s", d->config.socket, strerror(errno));
        return TAKE_FD(fd);
}

/* A session has an account of its own: what it asks takes no room from its user. */
static uint32_t account(int fd, void *daemon)
{
        struct ucred cred;
        socklen_t size = sizeof(cred);
        struct hf_peer peer;

        if (kernel_peer(((struct daemon *)daemon)->kernel, fd, &peer) < 0 || getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &size) < 0)
                return UINT32_MAX;
        if (peer.slot)
                return HTTP_SMALL + peer.slot;
        return cred.uid < HTTP_SMALL ? cred.uid : UINT32_MAX;
}

int listen_start(struct daemon *d, struct error *e)
{
        const struct http_setup setup = {
                .routes = routes,
                .n_routes = routes_count,
                .context = d,
                .admit = access_admit,
                .handled = access_handled,
                .account = account,
        };
        _cleanup_close_ int fd = make_socket(d, e);
        int r;

        if (fd < 0)
                return fd;
        r = http_server_new(d->event, fd, &setup, &d->http, e);
        if (r >= 0)
                TAKE_FD(fd);
        return r;
}
