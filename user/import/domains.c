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

/* Whether all that an allowed domain stands for is within the denied one. */
static bool covers(const struct domain *denied, const struct domain *allowed)
{
        size_t n, m;

        if (denied->kind == DOMAIN_ALL)
                return true;
        if (denied->kind != DOMAIN_NAME || allowed->kind != DOMAIN_NAME || strncmp(denied->name, "*.", 2) != 0)
                return false;
        n = strlen(denied->name) - 1;
        m = strlen(allowed->name);
        return m > n && strcmp(allowed->name + m - n, denied->name + 1) == 0;
}

void domains_emit(struct draft *d, const struct domains *s)
{
        for (size_t i = 0; i < s->allowed.n; i++)
                emit(d, &s->allowed.items[i], s->allowed.items[i].port, false);
        for (size_t i = 0; i < s->denied.n; i++) {
                const struct domain *denied = &s->denied.items[i];

                emit(d, denied, denied->port, true);
                /* The most exact name wins in a policy, so the denial is said again at each that is more exact. */
                for (size_t j = 0; j < s->allowed.n; j++)
                        if (covers(denied, &s->allowed.items[j]))
                                emit(d, &s->allowed.items[j], denied->port, true);
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
