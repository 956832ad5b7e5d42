/* SPDX-License-Identifier: Apache-2.0 */
#include "resolver/names.h"

#include "base/cleanup.h"
#include "holdfast/decide.h"
#include "kernel/opened.h"

#include <errno.h>
#include <search.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define ASKED_FOR 3600 /* s after which names are counted anew */

/* An address, and until when which names open it. */
struct opening {
        uint32_t until;
        char *name;
        bool named; /* it stands in map "named" */
};

struct address {
        uint8_t addr[16];
        struct opening *openings;
        size_t n;
        uint32_t until; /* of the map's entry: the latest of these */
};

static int compare_addresses(const void *a, const void *b)
{
        return memcmp(((const struct address *)a)->addr, ((const struct address *)b)->addr, 16);
}

static int compare_names(const void *a, const void *b)
{
        return strcmp(a, b);
}

static void address_free(void *p)
{
        struct address *a = p;

        for (size_t i = 0; i < a->n; i++)
                free(a->openings[i].name);
        free(a->openings);
        free(a);
}

static bool has_tls(const struct hf_egress *egress)
{
        for (__u32 i = 0; i < egress->count; i++)
                if (egress->port[i].flags & HF_PORT_TLS)
                        return true;
        return false;
}

/* Writes what the name alone opens there, where that matters. */
static int opening_write(struct names *n, const struct address *a, struct opening *o, const struct table *t)
{
        struct hf_egress own = { 0 };

        hosts_open(t->hosts, o->name, a->addr, o->until, &own);
        if (!has_tls(&own))
                return 0;
        if (!o->named && n->n_named >= NAMED_MAX)
                return -ENOSPC;
        n->n_named += !o->named;
        o->named = true;
        return named_write(n->named, t->policy, a->addr, o->name, &own);
}

static void opening_close(struct names *n, const struct address *a, struct opening *o)
{
        for (size_t i = 0; o->named && i < TABLES && n->tables[i].policy; i++)
                named_delete(n->named, n->tables[i].policy, a->addr, o->name);
        n->n_named -= o->named;
        o->named = false;
}

/*
 * Writes what the address's names open there under a policy; takes it away where they open nothing. -ENOSPC: there is no room for that one
 * (NULL: none is asked about).
 */
static int address_write(struct names *n, const struct address *a, const struct opening *which, const struct table *t)
{
        struct hf_egress egress = { 0 };
        int r = 0;

        for (size_t i = 0; i < a->n; i++) {
                int fits = hosts_open(t->hosts, a->openings[i].name, a->addr, a->openings[i].until, &egress);

                if (fits >= 0)
                        fits = opening_write(n, a, &a->openings[i], t);
                if (fits < 0 && &a->openings[i] == which)
                        r = fits;
        }
        if (!egress.count) {
                opened_delete(n->opened, t->policy, a->addr);
                return r;
        }
        return opened_write(n->opened, t->policy, a->addr, &egress) < 0 ? -ENOSPC : r;
}

static int address_write_all(struct names *n, const struct address *a, const struct opening *which)
{
        int r = 0;

        for (size_t i = 0; i < TABLES && n->tables[i].policy; i++) {
                int now = address_write(n, a, which, &n->tables[i]);

                if (!r)
                        r = now;
        }
        return r;
}

static void address_close(struct names *n, const struct address *a)
{
        n->closed = true;
        for (size_t i = 0; i < TABLES && n->tables[i].policy; i++)
                opened_delete(n->opened, n->tables[i].policy, a->addr);
        for (size_t i = 0; i < a->n; i++)
                opening_close(n, a, &a->openings[i]);
}

/* ---- policies ------------------------------------------------------------------------------------------------------------------ */

struct walk {
        struct names *names;
        const struct table *table;
        struct address **list; /* what is found */
        size_t n;
        uint32_t before; /* to be found: what has ended at that time */
};

static void write_each(const void *node, VISIT visit, void *context)
{
        const struct walk *w = context;

        if (visit == postorder || visit == leaf)
                address_write(w->names, *(struct address *const *)node, NULL, w->table);
}

static void table_clear(struct table *t)
{
        if (t->hosts)
                munmap(t->hosts, t->size);
        *t = (struct table){ 0 };
}

int names_rules(struct names *n, uint32_t policy, int fd)
{
        struct walk w = { .names = n, .table = &n->tables[0] };
        struct stat st;
        void *hosts;

        names_drop(n, policy);
        if (n->tables[TABLES - 1].policy)
                return -EBUSY;
        if (fstat(fd, &st) < 0)
                return -errno;
        hosts = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (hosts == MAP_FAILED)
                return -errno;
        memmove(n->tables + 1, n->tables, (TABLES - 1) * sizeof(n->tables[0]));
        n->tables[0] = (struct table){ policy, hosts, (size_t)st.st_size };
        twalk_r(n->addresses, write_each, &w);
        return 0;
}

void names_drop(struct names *n, uint32_t policy)
{
        for (size_t i = 0; i < TABLES; i++) {
                if (!policy || n->tables[i].policy != policy)
                        continue;
                table_clear(&n->tables[i]);
                memmove(n->tables + i, n->tables + i + 1, (TABLES - 1 - i) * sizeof(n->tables[0]));
                n->tables[TABLES - 1] = (struct table){ 0 };
                return;
        }
}

static void forget_asked(struct names *n)
{
        tdestroy(n->asked, free);
        n->asked = NULL;
        n->n_asked = 0;
}

void names_clear(struct names *n)
{
        for (size_t i = 0; i < TABLES; i++)
                table_clear(&n->tables[i]);
        tdestroy(n->addresses, address_free);
        n->addresses = NULL;
        n->n_addresses = n->n_openings = n->n_named = 0;
        forget_asked(n);
}

/* ---- queries ------------------------------------------------------------------------------------------------------------------- */

static bool take_token(struct names *n, uint64_t now_ms)
{
        const uint64_t most = 2ULL * QUERIES_A_SECOND * 1000;

        n->tokens += (now_ms - n->tokens_at) * QUERIES_A_SECOND;
        n->tokens_at = now_ms;
        if (n->tokens > most)
                n->tokens = most;
        if (n->tokens < 1000)
                return false;
        n->tokens -= 1000;
        return true;
}

static bool labels_fit(const char *name)
{
        while (*name) {
                size_t label = strcspn(name, ".");

                if (label > LABEL_MAX)
                        return false;
                name += label;
                name += *name == '.';
        }
        return true;
}

/* A name can carry data, where a rule allows all below another: so there are not to be many of them. */
static bool is_within_limits(struct names *n, const char *name, uint32_t now)
{
        char *copy;

        if (hosts_has(n->tables[0].hosts, name))
                return true;
        if (!labels_fit(name))
                return false;
        if (now - n->asked_since >= ASKED_FOR) {
                forget_asked(n);
                n->asked_since = now;
        }
        if (tfind(name, &n->asked, compare_names))
                return true;
        if (n->n_asked >= NAMES_MAX)
                return false;
        copy = strdup(name);
        if (!copy || !tsearch(copy, &n->asked, compare_names)) {
                free(copy);
                return false;
        }
        n->n_asked++;
        return true;
}

struct names_verdict names_decide(struct names *n, const char *name, bool odd, uint64_t now_ms)
{
        const struct table *t = &n->tables[0];
        struct names_verdict v = { .what = RESOLVER_REFUSED, .why = HF_WHY_NO_RULE, .policy = t->policy };

        if (!take_token(n, now_ms)) {
                v.what = RESOLVER_LIMIT;
                return v;
        }
        if (!t->policy || odd)
                return v;
        v.why = hosts_decide(t->hosts, name, hf_live(&n->policies[t->policy]), &v.rule);
        if (v.why != HF_WHY_ALLOWED)
                return v;
        v.what = is_within_limits(n, name, (uint32_t)(now_ms / 1000)) ? RESOLVER_ANSWERED : RESOLVER_LIMIT;
        return v;
}

/* ---- what is open -------------------------------------------------------------------------------------------------------------- */

static struct address *address_find(struct names *n, const uint8_t addr[16])
{
        struct address key, **found;

        memcpy(key.addr, addr, sizeof(key.addr));
        found = tfind(&key, &n->addresses, compare_addresses);
        return found ? *found : NULL;
}

static struct address *address_get(struct names *n, const uint8_t addr[16])
{
        struct address *new = address_find(n, addr);

        if (new)
                return new;
        new = calloc(1, sizeof(*new));
        if (!new)
                return NULL;
        memcpy(new->addr, addr, sizeof(new->addr));
        if (!tsearch(new, &n->addresses, compare_addresses)) {
                free(new);
                return NULL;
        }
        n->n_addresses++;
        return new;
}

static void address_forget(struct names *n, struct address *a)
{
        tdelete(a, &n->addresses, compare_addresses);
        n->n_addresses--;
        n->n_openings -= a->n;
        address_free(a);
}

static struct opening *opening_find(struct address *a, const char *name)
{
        for (size_t i = 0; i < a->n; i++)
                if (!strcmp(a->openings[i].name, name))
                        return &a->openings[i];
        return NULL;
}

/* In the place of the one that ends first. */
static struct opening *opening_replace(struct names *n, struct address *a, char *name)
{
        struct opening *first = &a->openings[0];

        for (size_t i = 1; i < a->n; i++)
                if (a->openings[i].until < first->until)
                        first = &a->openings[i];
        opening_close(n, a, first);
        free(first->name);
        *first = (struct opening){ .name = name };
        n->closed = true;
        return first;
}

static struct opening *opening_add(struct names *n, struct address *a, const char *name)
{
        _cleanup_free_ char *copy = strdup(name);
        struct opening *more;

        if (!copy)
                return NULL;
        if (a->n == NAMES_AN_ADDRESS)
                return opening_replace(n, a, TAKE_PTR(copy));
        more = reallocarray(a->openings, a->n + 1, sizeof(*more));
        if (!more)
                return NULL;
        a->openings = more;
        more[a->n] = (struct opening){ .name = TAKE_PTR(copy) };
        n->n_openings++;
        return &more[a->n++];
}

static void find_ended(const void *node, VISIT visit, void *context)
{
        struct walk *w = context;
        struct address *a = *(struct address *const *)node;

        if (visit != postorder && visit != leaf)
                return;
        for (size_t i = 0; i < a->n; i++)
                if (a->openings[i].until <= w->before) {
                        w->list[w->n++] = a;
                        return;
                }
}

/* Takes away the openings that have ended before then, and the addresses that no opening is left of. */
static size_t expire(struct names *n, uint32_t before)
{
        _cleanup_free_ struct address **list = calloc(n->n_addresses + 1, sizeof(struct address *));
        struct walk w = { .list = list, .before = before };

        if (!list)
                return 0;
        twalk_r(n->addresses, find_ended, &w);
        for (size_t i = 0; i < w.n; i++) {
                struct address *a = list[i];
                size_t kept = 0;

                for (size_t j = 0; j < a->n; j++) {
                        if (a->openings[j].until > before) {
                                a->openings[kept++] = a->openings[j];
                                continue;
                        }
                        opening_close(n, a, &a->openings[j]);
                        free(a->openings[j].name);
                }
                n->n_openings -= a->n - kept;
                a->n = kept;
                n->closed = true;
                if (kept) {
                        address_write_all(n, a, NULL);
                        continue;
                }
                address_close(n, a);
                address_forget(n, a);
        }
        return w.n;
}

/* Whether one more fits; makes room, but looks for it no more than once a second: that takes a look at all of them. */
static bool has_room(struct names *n, uint32_t now)
{
        if (n->n_addresses < ADDRESSES_MAX && n->n_openings < OPENINGS_MAX)
                return true;
        if (n->looked_for_room == now)
                return false;
        n->looked_for_room = now;
        expire(n, now); /* what is connected goes on no longer, then */
        return n->n_addresses < ADDRESSES_MAX && n->n_openings < OPENINGS_MAX;
}

/* The name's opening of the address, made where there is none yet; with its address, NULL where there is no room. */
static struct opening *opening_get(struct names *n, const char *name, const uint8_t addr[16], uint32_t now, struct address **ret)
{
        struct opening *o;

        *ret = address_find(n, addr);
        o = *ret ? opening_find(*ret, name) : NULL;
        if (o)
                return o;
        *ret = has_room(n, now) ? address_get(n, addr) : NULL;
        return *ret ? opening_add(n, *ret, name) : NULL;
}

/* Of one that has no room: the others stay. */
static void opening_take_back(struct names *n, struct address *a, struct opening *o)
{
        opening_close(n, a, o);
        free(o->name);
        *o = a->openings[--a->n];
        n->n_openings--;
        n->closed = true;
        if (a->n) {
                address_write_all(n, a, NULL);
                return;
        }
        address_close(n, a);
        address_forget(n, a);
}

bool names_open(struct names *n, const char *name, const uint8_t addr[16], uint32_t seconds, uint32_t now)
{
        const uint32_t until = now + (seconds < OPENED_AT_LEAST ? OPENED_AT_LEAST : seconds > 86400 ? 86400 : seconds);
        struct hf_egress egress = { 0 };
        struct address *a;
        struct opening *o;

        if (!n->tables[0].policy || hosts_open(n->tables[0].hosts, name, addr, until, &egress) <= 0)
                return false;
        o = opening_get(n, name, addr, now, &a);
        if (o && o->until >= until)
                return true;
        if (!o) {
                if (a && !a->n)
                        address_forget(n, a);
                return false;
        }
        o->until = until;
        if (address_write_all(n, a, o) == 0)
                return true;
        opening_take_back(n, a, o);
        return false;
}

size_t names_expire(struct names *n, uint32_t now)
{
        return now > HF_GRACE ? expire(n, now - HF_GRACE) : 0;
}
