/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/remote.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "base/time.h"
#include "daemon/access.h"
#include "daemon/daemon.h"
#include "daemon/routes.h"
#include "daemon/tcp_peer.h"
#include "daemon/tokens.h"

#include <gnutls/gnutls.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define PRIORITY 10 /* as that of the kernel's events: in turn with them */
#define BACKLOG 64
#define SECOND 1000000000ull
#define FAILURES_BURST 10 /* of an address, at once */
#define FAILURES_INTERVAL SECOND
#define REQUESTS_BURST 100 /* of a token, at once */
#define REQUESTS_INTERVAL (SECOND / 50)
#define CHALLENGE "Bearer realm=\"holdfast\""

/* Clients that are gone, or read no more, are found out also where a stream has nothing to say. Accepted sockets inherit it. */
static int set_options(int fd)
{
        const struct {
                int level, name, value;
        } options[] = {
                { SOL_SOCKET, SO_REUSEADDR, 1 },    { SOL_SOCKET, SO_KEEPALIVE, 1 }, { IPPROTO_TCP, TCP_KEEPIDLE, 30 },
                { IPPROTO_TCP, TCP_KEEPINTVL, 10 }, { IPPROTO_TCP, TCP_KEEPCNT, 3 }, { IPPROTO_TCP, TCP_USER_TIMEOUT, 60000 },
        };

        for (size_t i = 0; i < ARRAY_SIZE(options); i++)
                if (setsockopt(fd, options[i].level, options[i].name, &options[i].value, sizeof(int)) < 0)
                        return -errno;
        return 0;
}

static int make_socket(const char *listen_on, struct error *e)
{
        _cleanup_close_ int fd = -1;
        struct sockaddr_storage address;
        socklen_t size = 0;

        if (config_remote_address(listen_on, &address, &size) < 0)
                return error_set(e, -EINVAL, "$.listen: %s is no address", listen_on);
        fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0 || set_options(fd) < 0 || bind(fd, (struct sockaddr *)&address, size) < 0 || listen(fd, BACKLOG) < 0)
                return error_set(e, -errno, "$.listen: cannot listen on %s: %s", listen_on, strerror(errno));
        return TAKE_FD(fd);
}

void remote_forget(struct daemon *d)
{
        if (d->remote.key)
                gnutls_memset(d->remote.key, 0, strlen(d->remote.key));
        free(d->remote.key);
        free(d->remote.certificate);
        d->remote.key = d->remote.certificate = NULL;
}

int remote_prepare(struct daemon *d, struct error *e)
{
        const struct config_remote *c = &d->config.remote;
        int r;

        if (!c->listen)
                return 0;
        d->remote.failures.burst = FAILURES_BURST;
        d->remote.failures.interval = FAILURES_INTERVAL;
        d->remote.requests.burst = REQUESTS_BURST;
        d->remote.requests.interval = REQUESTS_INTERVAL;
        r = config_remote_read("tls_certificate", c->certificate, false, &d->remote.certificate, e);
        if (r >= 0)
                r = config_remote_read("tls_key", c->key, true, &d->remote.key, e);
        if (r < 0)
                return r;
        r = http_certificate_check(d->remote.certificate, d->remote.key, e);
        return r < 0 ? error_prefix(e, "$.tls_certificate %s, $.tls_key %s", c->certificate, c->key) : 0;
}

/* Whether a session of this host connects, by a socket that was made in its cgroup or in one below: 1, 0, or negative errno: it is not
 * known. */
static int meet(int fd, void *context)
{
        struct daemon *d = context;
        _cleanup_free_ char *path = NULL;
        uint64_t cgroup;
        /* Until 6.9 whoever asks the kernel for sockets waits while one is ended, which a session can make long. */
        int r = cutter_settle(d->cutter) ? tcp_peer_cgroup(fd, &cgroup) : -EBUSY;

        if (r == 0)
                r = cgroup_by_id(&d->cgroups, cgroup, &path);
        for (size_t i = 0; r == 0 && i < d->sessions.count; i++) {
                const struct session *s = d->sessions.list[i];
                const size_t n = s->cgroup ? strlen(s->cgroup) : 0;

                if (s->live && n && !strncmp(path, s->cgroup, n) && (path[n] == '/' || !path[n]))
                        return 1;
        }
        return r == -EHOSTUNREACH ? 0 : r;
}

int remote_listen(struct daemon *d, struct error *e)
{
        const struct http_setup setup = {
                .routes = routes,
                .n_routes = routes_count,
                .context = d,
                .admit = access_admit,
                .handled = access_handled,
                .meet = meet,
                .certificate = d->remote.certificate,
                .key = d->remote.key,
                .priority = PRIORITY,
        };
        _cleanup_close_ int fd = -1;
        int r;

        if (!d->config.remote.listen)
                return 0;
        fd = make_socket(d->config.remote.listen, e);
        if (fd < 0)
                return fd;
        r = http_server_new(d->event, fd, &setup, &d->remote.http, e);
        remote_forget(d);
        if (r < 0)
                return r;
        TAKE_FD(fd);
        log_info("the API is also at https://%s, for holders of a token", d->config.remote.listen);
        return 0;
}

const char *bearer(const char *header)
{
        if (!header || strncasecmp(header, "Bearer ", 7) != 0)
                return NULL;
        header += 7;
        return header + strspn(header, " ");
}

static int slow_down(struct http_request *r, uint64_t wait, const char *what)
{
        char seconds[24];

        snprintf(seconds, sizeof(seconds), "%llu", (unsigned long long)(wait / SECOND + 1));
        http_problem(r, 429, "too-many", NULL, "%s; try again in %s s", what, seconds);
        http_reply_header(r, "Retry-After", seconds);
        http_reply_header(r, "Connection", "close");
        return -EACCES;
}

/* Only failures are counted against an address: who has a token is not kept out by others who share it. */
static int refuse(struct daemon *d, struct http_request *r, bool given)
{
        const char *reason = given ? "a token that is not valid" : "no token";
        uint64_t wait = 0;

        access_note(d, "somebody over TCP", reason, http_address_group(r));
        if (!limiter_take(&d->remote.failures, http_address_group(r), time_now(CLOCK_BOOTTIME), &wait))
                return slow_down(r, wait, "too many requests without a valid token came from this address");
        if (given)
                http_problem(r, 401, "token", NULL, "this token is not, or no longer, valid");
        else
                http_problem(r, 401, "token", NULL,
                             "a token is needed: \"Authorization: Bearer hf_...\"; root makes one with holdfast token create");
        http_reply_header(r, "WWW-Authenticate", given ? CHALLENGE ", error=\"invalid_token\"" : CHALLENGE);
        http_reply_header(r, "Connection", "close");
        return -EACCES;
}

static int refuse_agent(struct daemon *d, struct http_request *r)
{
        access_note(d, "an agent over TCP", "an agent asked the daemon, and agents may not", http_address_group(r));
        http_problem(r, 403, "agent", NULL, "a process in a session may not steer holdfast");
        http_reply_header(r, "Connection", "close");
        return -EACCES;
}

/* Its socket may be closed by now: that is no way to be nobody. */
static int refuse_unknown(struct daemon *d, struct http_request *r)
{
        access_note(d, "somebody over TCP", "the kernel does not say whose socket it is", http_address_group(r));
        http_problem(r, 403, "unknown-peer", NULL, "the kernel does not say who is asking; connect again");
        http_reply_header(r, "Connection", "close");
        return -EACCES;
}

int remote_peer(struct daemon *d, struct http_request *r, bool complete, struct peer *ret)
{
        const char *text = bearer(http_header(r, "Authorization"));
        struct token t;
        uint64_t wait = 0;
        int found;

        if (http_met(r))
                return http_met(r) > 0 ? refuse_agent(d, r) : refuse_unknown(d, r);
        found = text ? token_find(d->store, text, time_now(CLOCK_REALTIME), &t) : -EACCES;
        if (found == -EACCES)
                return refuse(d, r, text != NULL);
        if (found < 0) {
                http_problem(r, 503, "busy", NULL, "the database cannot be read; the daemon's log says more");
                return -EACCES;
        }
        *ret = (struct peer){ .who = NOBODY, .caller = t.role, .expires = t.expires };
        snprintf(ret->token, sizeof(ret->token), "%s", t.id);
        snprintf(ret->actor, sizeof(ret->actor), "token %s (id %s, role %s, from %s)", *t.name ? t.name : "-", t.id, role_name(t.role),
                 http_address(r));
        if (complete || limiter_take(&d->remote.requests, t.id, time_now(CLOCK_BOOTTIME), &wait))
                return 0;
        access_note(d, ret->actor, "more requests than a token may make", http_address_group(r));
        return slow_down(r, wait, "a token may make 50 requests a second, and 100 at once");
}
