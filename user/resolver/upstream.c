/* SPDX-License-Identifier: Apache-2.0 */
#include "resolver/upstream.h"

#include "base/log.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unbound-event.h>
#include <unbound.h>

#define SERVERS "/etc/resolv.conf"
#define HOSTS "/etc/hosts"

/* Which version of a file it is. */
struct version {
        ino_t ino;
        off_t size;
        struct timespec changed;
};

struct upstream {
        struct ub_ctx *ctx;
        struct version servers, hosts;
};

static const struct {
        const char *option, *value;
} options[] = {
        { "module-config:", "iterator" }, { "do-not-query-localhost:", "no" }, { "unblock-lan-zones:", "yes" },
        { "infra-host-ttl:", "30" }, /* how long a server that is down is taken to be so */
        { "infra-keep-probing:", "yes" }, { "edns-buffer-size:", "1232" },     { "cache-max-negative-ttl:", "60" },
        { "outgoing-range:", "8192" }, /* queries on their way at once: 16 else, so that a few without an answer hold up all */
        { "outgoing-num-tcp:", "256" },
};

static struct version version_of(const char *path)
{
        struct version v = { 0 };
        struct stat st;

        if (stat(path, &st) == 0)
                v = (struct version){ st.st_ino, st.st_size, st.st_ctim };
        return v;
}

static bool is_same(const struct version *a, const struct version *b)
{
        return a->ino == b->ino && a->size == b->size && a->changed.tv_sec == b->changed.tv_sec && a->changed.tv_nsec == b->changed.tv_nsec;
}

struct upstream *upstream_new(struct event_base *base)
{
        struct upstream *u = calloc(1, sizeof(*u));
        int r = 0;

        if (!u)
                return NULL;
        u->servers = version_of(SERVERS);
        u->hosts = version_of(HOSTS);
        u->ctx = ub_ctx_create_event(base);
        for (size_t i = 0; u->ctx && r == 0 && i < sizeof(options) / sizeof(options[0]); i++)
                r = ub_ctx_set_option(u->ctx, options[i].option, options[i].value);
        if (!u->ctx || r) {
                log_error("cannot set up libunbound: %s", r ? ub_strerror(r) : "out of memory");
                upstream_free(u);
                return NULL;
        }
        r = ub_ctx_resolvconf(u->ctx, SERVERS);
        if (r)
                log_warning("cannot read " SERVERS ": %s", ub_strerror(r));
        if (r && ub_ctx_set_fwd(u->ctx, "127.0.0.1"))
                log_warning("there is no name server");
        r = ub_ctx_hosts(u->ctx, HOSTS);
        if (r)
                log_warning("cannot read " HOSTS ": %s", ub_strerror(r));
        return u;
}

void upstream_free(struct upstream *u)
{
        if (!u)
                return;
        ub_ctx_delete(u->ctx);
        free(u);
}

int upstream_is_stale(const struct upstream *u)
{
        const struct version servers = version_of(SERVERS), hosts = version_of(HOSTS);

        return !is_same(&u->servers, &servers) || !is_same(&u->hosts, &hosts);
}

static void on_answer(void *context, int rcode, void *message, int size, int security, char *why, int limited)
{
        struct question *q = context;

        q->id = 0;
        if (q->answered)
                *q->answered = true;
        if (rcode || size <= 0) /* then libunbound hands a buffer over that holds what it last used it for */
                message = NULL;
        q->found(q->context, message, message ? (size_t)size : 0);
        (void)security;
        (void)why;
        (void)limited;
}

int upstream_ask(struct upstream *u, const char *name, uint16_t type, struct question *q)
{
        bool answered = false;
        int id = 0, r;

        q->answered = &answered;
        r = ub_resolve_event(u->ctx, name, type, 1, q, on_answer, &id);
        if (answered) /* from the cache: the question may be gone. libunbound gives it an id all the same. */
                return 0;
        q->answered = NULL;
        if (r)
                log_debug("libunbound: %s", ub_strerror(r));
        else
                q->id = id;
        return r ? -EIO : 0;
}

void upstream_take_back(struct upstream *u, struct question *q)
{
        if (q->id)
                ub_cancel(u->ctx, q->id);
        q->id = 0;
}
