/* SPDX-License-Identifier: Apache-2.0 */
#include "import/domains.h"

#include "base/cleanup.h"
#include "policy/hosts.h"
#include "policy/values.h"

#include <string.h>

#define LIST_MAX 1000 /* each is compared with each */

static int parse_port(const char *text, unsigned *ret, struct error *e)
{
        const size_t n = strspn(text, "0123456789");
        const unsigned long port = n && n <= 5 && !text[n] ? strtoul(text, NULL, 10) : 0;

        if (!port || port > 65535)
                return error_set(e, -EINVAL, "a port is a number from 1 to 65535");
        *ret = (unsigned)port;
        return 0;
}

/* The host alone, to be freed, and the port behind it. */
static int split_port(const char *text, char **host, unsigned *port, struct error *e)
{
        const bool brackets = *text == '[';
        const char *end = brackets ? strchr(text, ']') : text + strcspn(text, ":"), *behind;
        int r = 0;

        if (!end)
                return error_set(e, -EINVAL, "found \"[\" without \"]\"");
        behind = end + brackets;
        if (*behind && (*behind != ':' || strchr(behind + 1, ':')))
                return error_set(e, -EINVAL, "expected a name, or an address (of IPv6 in brackets), and perhaps \":\" and a port");
        if (*behind)
                r = parse_port(behind + 1, port, e);
        if (r < 0)
                return r;
        *host = strndup(text + brackets, (size_t)(end - text - brackets));
        return *host ? 0 : -ENOMEM;
}

int domain_parse(const char *text, struct domain *ret, struct error *e)
{
        _cleanup_free_ char *host = NULL;
        struct domain d = { .kind = DOMAIN_NAME };
        uint8_t addr[16], bits;
        int r = split_port(text, &host, &d.port, e);

        if (r < 0 || !host)
                return r < 0 ? r : -ENOMEM;
        if (strcmp(host, "*") == 0)
                d.kind = DOMAIN_ALL;
        else if (strcasecmp(host, "localhost") == 0)
                d.kind = DOMAIN_LOCALHOST;
        else if (!strchr(host, '/') && cidr_parse(host, addr, &bits, NULL) == 0)
                d.kind = DOMAIN_ADDRESS;
        if (d.kind == DOMAIN_ADDRESS)
                d.name = TAKE_PTR(host);
        else if (d.kind == DOMAIN_NAME)
                r = host_parse(host, &d.name, e);
        if (r == 0 && d.kind == DOMAIN_ADDRESS && !d.name)
                r = -ENOMEM;
        if (r == 0)
                *ret = d;
        return r;
}

static bool is_there(const struct domain_list *list, const struct domain *domain)
{
        for (size_t i = 0; i < list->n; i++) {
                const struct domain *other = &list->items[i];

                if (other->kind == domain->kind && other->port == domain->port &&
                    (other->name == domain->name || (other->name && domain->name && strcmp(other->name, domain->name) == 0)))
                        return true;
        }
        return false;
}

static void add(struct draft *d, struct domain_list *list, const char *text, const char *where, enum loss loss)
{
        _cleanup_error_ struct error e = ERROR_INIT;
        struct domain domain = { 0 }, *grown;
        char shown[TEXT_SHOW_MAX];
        int r = domain_parse(text, &domain, &e);

        if (r == -EINVAL && error_text(&e)) {
                draft_left_out(d, loss, where, "the host %s: %s", text_show(text, shown), error_text(&e));
                return;
        }
        if (r == 0 && domain.kind == DOMAIN_ALL && loss == LOSS_TOLD) {
                draft_left_out(d, loss, where, "no rule is for every name: add rules by name, or by cidr for all addresses");
                return;
        }
        if (r == 0 && is_there(list, &domain)) {
                free(domain.name);
                return;
        }
        grown = r == 0 ? reallocarray(list->items, list->n + 1, sizeof(*grown)) : NULL;
        if (!grown) {
                free(domain.name);
                d->no_memory = true;
                return;
        }
        list->items = grown;
        list->items[list->n++] = domain;
        if (list->n > LIST_MAX)
                findings_add(d->findings, where + (*where == '.'), "found more than %d hosts, expected at most so many", LIST_MAX);
}

void domains_allow(struct draft *d, struct domains *s, const char *text, const char *where)
{
        if (s->allowed.n <= LIST_MAX)
                add(d, &s->allowed, text, where, LOSS_TOLD);
}

void domains_deny(struct draft *d, struct domains *s, const char *text, const char *where)
{
        if (s->denied.n <= LIST_MAX)
                add(d, &s->denied, text, where, LOSS_DENIAL);
}

static void emit(struct draft *d, const struct domain *what, unsigned port, bool deny)
{
        const char *proto = deny ? NULL : "tcp";

        if (what->kind == DOMAIN_NAME)
                draft_egress(d, "host", what->name, port, proto, deny);
        if (what->kind == DOMAIN_ADDRESS)
                draft_egress(d, "cidr", what->name, port, proto, deny);
        if (what->kind == DOMAIN_LOCALHOST) {
                draft_egress(d, "cidr", "127.0.0.1", port, proto, deny);
                draft_egress(d, "cidr", "::1", port, proto, deny);
        }
}

/* Whether all that a domain stands for is within a wider one. */
static bool covers(const struct domain *wide, const struct domain *narrow)
{
        size_t n, m;

        if (wide->kind == DOMAIN_ALL)
                return true;
        if (wide->kind != DOMAIN_NAME || narrow->kind != DOMAIN_NAME || strncmp(wide->name, "*.", 2) != 0)
                return false;
        n = strlen(wide->name) - 1;
        m = strlen(narrow->name);
        return m > n && strcmp(narrow->name + m - n, wide->name + 1) == 0;
}

/* The most exact name wins in a policy: so what is said of a wider one is said again at each within it. */
static void emit_within(struct draft *d, const struct domain *wide, const struct domain_list *list, bool deny)
{
        for (size_t i = 0; i < list->n; i++)
                if (covers(wide, &list->items[i]))
                        emit(d, &list->items[i], wide->port, deny);
}

void domains_emit(struct draft *d, const struct domains *s)
{
        for (size_t i = 0; i < s->allowed.n; i++) {
                const struct domain *allowed = &s->allowed.items[i];

                emit(d, allowed, allowed->port, false);
                emit_within(d, allowed, &s->allowed, false);
                emit_within(d, allowed, &s->denied, false);
        }
        for (size_t i = 0; i < s->denied.n; i++) {
                const struct domain *denied = &s->denied.items[i];

                emit(d, denied, denied->port, true);
                emit_within(d, denied, &s->allowed, true);
                emit_within(d, denied, &s->denied, true);
        }
}

static void list_clear(struct domain_list *list)
{
        for (size_t i = 0; i < list->n; i++)
                free(list->items[i].name);
        free(list->items);
}

void domains_clear(struct domains *s)
{
        list_clear(&s->allowed);
        list_clear(&s->denied);
        *s = (struct domains){ 0 };
}
