/* SPDX-License-Identifier: Apache-2.0 */
#include "resolver/upstream.h"

#include "base/log.h"
#include "holdfast/abi.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unbound-event.h>
#include <unbound.h>

#define SERVERS "/etc/resolv.conf"
#define HOSTS "/etc/hosts"
#define ASKED_MAX 8192u /* on their way at once: more than outgoing-range wait in a list that libunbound walks for each of them */
#define ASKED_FOR_MAX 512u
#define SHARE 4 /* a session may have the fourth part of what is free: so something always is, however many sessions want all */

/* Which version of a file it is. */
struct version {
        ino_t ino;
        off_t size;
        struct timespec changed;
};

/* What libunbound was asked: until it answers, also where nobody waits for that any more, because until then it asks others. */
struct asked {
        struct upstream *upstream;
        struct question *question; /* NULL: it was taken back */
        uint32_t slot;
        struct asked *next, **at;
};

struct upstream {
        struct ub_ctx *ctx;
        struct version servers, hosts;
        struct asked *asked;
        uint32_t n_asked;
        uint16_t asked_for[HF_SLOTS]; /* of those */
};

static const struct {
        const char *option, *value;
} options[] = {
        { "module-config:", "iterator" }, { "do-not-query-localhost:", "no" }, { "unblock-lan-zones:", "yes" },
        { "infra-host-ttl:", "30" }, /* how long a server that is down is taken to be so */
        { "infra-keep-probing:", "yes" }, { "edns-buffer-size:", "1232" },     { "cache-max-negative-ttl:", "60" },
        { "outgoing-range:", "8192" }, /* ASKED_MAX; 16 else, so that a few without an answer hold up all */
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

static void asked_free(struct asked *a)
{
        if (a->question)
                a->question->asked = NULL;
        *a->at = a->next;
        if (a->next)
                a->next->at = a->at;
        a->upstream->n_asked--;
        a->upstream->asked_for[a->slot]--;
        free(a);
}

void upstream_free(struct upstream *u)
{
        if (!u)
                return;
        ub_ctx_delete(u->ctx);
        while (u->asked)
                asked_free(u->asked);
        free(u);
}

int upstream_is_stale(const struct upstream *u)
{
        const struct version servers = version_of(SERVERS), hosts = version_of(HOSTS);

        return !is_same(&u->servers, &servers) || !is_same(&u->hosts, &hosts);
}

static void on_answer(void *context, int rcode, void *message, int size, int security, char *why, int limited)
{
        struct asked *a = context;
        struct question *q = a->question;

        asked_free(a);
        if (rcode || size <= 0) /* then libunbound hands a buffer over that holds what it last used it for */
                message = NULL;
        if (q)
                q->found(q->context, message, message ? (size_t)size : 0);
        (void)security;
        (void)why;
        (void)limited;
}

static struct asked *asked_new(struct upstream *u, uint32_t slot, struct question *q)
{
        struct asked *a = calloc(1, sizeof(*a));

        if (!a)
                return NULL;
        *a = (struct asked){ .upstream = u, .question = q, .slot = slot, .next = u->asked, .at = &u->asked };
        if (a->next)
                a->next->at = &a->next;
        u->asked = a;
        u->n_asked++;
        u->asked_for[slot]++;
        q->asked = a;
        return a;
}

int upstream_ask(struct upstream *u, uint32_t slot, const char *name, uint16_t type, struct question *q)
{
        struct asked *a;
        int r;

        if (u->asked_for[slot] >= ASKED_FOR_MAX || u->asked_for[slot] >= (ASKED_MAX - u->n_asked) / SHARE)
                return -EBUSY;
        a = asked_new(u, slot, q);
        if (!a)
                return -ENOMEM;
        r = ub_resolve_event(u->ctx, name, type, 1, a, on_answer, NULL);
        if (r == 0) /* it may be answered, from the cache, and all of it gone */
                return 0;
        log_debug("libunbound: %s", ub_strerror(r));
        asked_free(a);
        return -EIO;
}

void upstream_take_back(struct question *q)
{
        if (q->asked)
                q->asked->question = NULL;
        q->asked = NULL;
}
