/* SPDX-License-Identifier: Apache-2.0 */
/* The resolver's process: one event loop, no privileges. It ends with the daemon. */
#include "resolver/server.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "base/time.h"

#include <errno.h>
#include <grp.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define NOBODY 65534
#define NSEC_PER_SEC 1000000000ull
#define NSEC_PER_MSEC 1000000ull
#define DESCRIPTORS_MAX (1 << 20)

#define TELLS_A_SECOND (2 * QUERIES_A_SECOND) /* of one session: all queries that are not over the limit */

static const struct timeval tick = { 2, 0 };

uint32_t server_now(void)
{
        return (uint32_t)(time_now(CLOCK_BOOTTIME) / NSEC_PER_SEC);
}

uint64_t server_now_ms(void)
{
        return time_now(CLOCK_BOOTTIME) / NSEC_PER_MSEC;
}

/* Whether the session has told no more this second than it may: one that floods takes no room from others. */
static bool may_tell(struct client_session *c)
{
        const uint32_t now = server_now();

        if (c->told_at != now) {
                c->told_at = now;
                c->n_told = 0;
        }
        return c->n_told++ < TELLS_A_SECOND;
}

bool server_tell(const struct server *s, struct client_session *c, struct resolver_tell *tell)
{
        const bool is_query = tell->what != RESOLVER_EXPIRED;
        bool told;

        if (is_query && !may_tell(c)) {
                c->lost++;
                return false;
        }
        tell->slot = c->names.slot;
        tell->generation = c->names.generation;
        tell->lost = c->lost;
        told = send(s->tells, tell, sizeof(*tell), MSG_DONTWAIT | MSG_NOSIGNAL) == sizeof(*tell);
        if (told)
                c->lost = 0;
        else if (is_query)
                c->lost++;
        return told;
}

/* ---- orders -------------------------------------------------------------------------------------------------------------------- */

static struct client_session *session_of(struct server *s, const struct resolver_order *o)
{
        struct client_session *c = o->slot < HF_SLOTS ? s->sessions[o->slot] : NULL;

        return c && c->names.generation == o->generation ? c : NULL;
}

static int on_open(struct server *s, const struct resolver_order *o, int *fds, size_t n)
{
        if (o->slot >= HF_SLOTS || n < 2 || n > RESOLVER_SOCKETS)
                return -EINVAL;
        session_close(s, s->sessions[o->slot]);
        return session_open(s, o->slot, o->generation, fds, n);
}

static int obey(struct server *s, const struct resolver_order *o, int *fds, size_t n)
{
        struct client_session *c = session_of(s, o);

        if (o->verb == RESOLVER_OPEN)
                return on_open(s, o, fds, n);
        if (!c)
                return o->verb == RESOLVER_CLOSE || o->verb == RESOLVER_DROP ? 0 : -ENOENT;
        switch (o->verb) {
        case RESOLVER_RULES:
                return n == 1 && o->policy < HF_POLICIES ? names_rules(&c->names, o->policy, fds[0]) : -EINVAL;
        case RESOLVER_DROP:
                names_drop(&c->names, o->policy);
                return 0;
        case RESOLVER_CLOSE:
                session_close(s, c);
                return 0;
        default:
                return -EINVAL;
        }
}

static void on_order(evutil_socket_t fd, short what, void *context)
{
        union {
                struct cmsghdr header;
                char room[CMSG_SPACE(RESOLVER_SOCKETS * sizeof(int))];
        } control;
        struct server *s = context;
        struct resolver_order o;
        struct iovec iov = { &o, sizeof(o) };
        struct msghdr h = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control) };
        int fds[RESOLVER_SOCKETS];
        const struct cmsghdr *c;
        resolver_answer answer;
        size_t n_fds = 0;
        ssize_t n = recvmsg(fd, &h, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);

        (void)what;
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
                return;
        if (n <= 0) { /* the daemon is gone */
                event_base_loopbreak(s->base);
                return;
        }
        c = CMSG_FIRSTHDR(&h);
        if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS) {
                n_fds = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
                memcpy(fds, CMSG_DATA(c), n_fds * sizeof(int));
        }
        answer = (resolver_answer) - (n == sizeof(o) ? obey(s, &o, fds, n_fds) : -EINVAL);
        for (size_t i = 0; i < n_fds; i++)
                cleanup_close(&fds[i]);
        if (send(fd, &answer, sizeof(answer), MSG_NOSIGNAL) != sizeof(answer))
                event_base_loopbreak(s->base);
}

/* ---- time ---------------------------------------------------------------------------------------------------------------------- */

static void on_tick(evutil_socket_t fd, short what, void *context)
{
        struct server *s = context;
        const uint32_t now = server_now();

        for (uint32_t slot = 0; slot < HF_SLOTS; slot++) {
                struct client_session *c = s->sessions[slot];
                struct resolver_tell tell = { .what = RESOLVER_EXPIRED };

                if (!c)
                        continue;
                names_expire(&c->names, now);
                if (c->names.closed && server_tell(s, c, &tell)) /* else with the next tick */
                        c->names.closed = false;
        }
        if (!s->upstream || upstream_is_stale(s->upstream)) {
                for (uint32_t slot = 0; slot < HF_SLOTS; slot++)
                        if (s->sessions[slot])
                                session_give_up(s, s->sessions[slot]);
                upstream_free(s->upstream);
                s->upstream = upstream_new(s->base);
        }
        (void)fd;
        (void)what;
}

/* ---- the process --------------------------------------------------------------------------------------------------------------- */

/* Keeps nothing of root's: what it has is open. */
static int give_up_privileges(void)
{
        const struct rlimit none = { 0, 0 };

        if (setgroups(0, NULL) < 0 || setresgid(NOBODY, NOBODY, NOBODY) < 0 || setresuid(NOBODY, NOBODY, NOBODY) < 0)
                return -errno;
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_DUMPABLE, 0) < 0 || setrlimit(RLIMIT_CORE, &none) < 0)
                return -errno;
        return 0;
}

static int start(struct server *s)
{
        const size_t size = HF_POLICIES * sizeof(*s->policies);
        struct rlimit files = { DESCRIPTORS_MAX, DESCRIPTORS_MAX };
        void *policies = mmap(NULL, size, PROT_READ, MAP_SHARED, RESOLVER_FD_POLICIES, 0);
        int r;

        if (policies == MAP_FAILED)
                return -errno;
        close(RESOLVER_FD_POLICIES); /* through what is mapped, and was not for writing, nothing can be written ever */
        s->policies = policies;
        setrlimit(RLIMIT_NOFILE, &files);
        r = give_up_privileges();
        if (r < 0)
                return r;
        s->base = event_base_new();
        if (!s->base)
                return -ENOMEM;
        s->upstream = upstream_new(s->base);
        s->orders = event_new(s->base, RESOLVER_FD_ORDERS, EV_READ | EV_PERSIST, on_order, s);
        s->tick = event_new(s->base, -1, EV_PERSIST, on_tick, s);
        if (!s->upstream || !s->orders || !s->tick || event_add(s->orders, NULL) < 0 || event_add(s->tick, &tick) < 0)
                return -ENOMEM;
        return 0;
}

static void stop(struct server *s)
{
        for (uint32_t slot = 0; slot < HF_SLOTS; slot++)
                session_close(s, s->sessions[slot]);
        upstream_free(s->upstream);
        if (s->orders)
                event_free(s->orders);
        if (s->tick)
                event_free(s->tick);
        if (s->base)
                event_base_free(s->base);
        munmap((void *)s->policies, HF_POLICIES * sizeof(*s->policies));
}

int resolver_serve(void)
{
        static struct server s = { .tells = RESOLVER_FD_TELLS, .opened = RESOLVER_FD_OPENED, .named = RESOLVER_FD_NAMED };
        int r;

        log_setup(RESOLVER_NAME, LOG_LEVEL_INFO);
        prctl(PR_SET_NAME, RESOLVER_NAME);
        r = start(&s);
        if (r < 0) {
                log_error("the resolver cannot start: %s", strerror(-r));
                return 1;
        }
        event_base_dispatch(s.base);
        stop(&s);
        return 0;
}
