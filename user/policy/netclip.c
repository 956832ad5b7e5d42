/* SPDX-License-Identifier: Apache-2.0 */
/* Ceilings: the ports that both the policy and the ceiling allow, prefix by prefix. */
#include "policy/compile.h"

#include "base/cleanup.h"
#include "holdfast/decide.h"
#include "policy/values.h"

#include <string.h>

#define PREFIX_DEPTH 129 /* prefixes that may lie within each other */

/* Finds the longest prefix of a sorted list; what is asked for comes in the same order. */
struct cursor {
        const struct prefix *list;
        size_t n, next;
        size_t stack[PREFIX_DEPTH], depth; /* those that hold what was asked for last */
};

static void cursor_leave(struct cursor *c, const struct prefix *at)
{
        while (c->depth && !cidr_holds(c->list[c->stack[c->depth - 1]].addr, c->list[c->stack[c->depth - 1]].bits, at->addr))
                c->depth--;
}

static const struct hf_egress *cursor_find(struct cursor *c, const struct prefix *at)
{
        static const struct hf_egress none;

        while (c->next < c->n && prefix_compare(&c->list[c->next], at) <= 0) {
                cursor_leave(c, &c->list[c->next]);
                c->stack[c->depth++] = c->next++;
        }
        cursor_leave(c, at);
        if (!c->depth || !prefix_inherits(&c->list[c->stack[c->depth - 1]], at))
                return &none;
        return &c->list[c->stack[c->depth - 1]].egress;
}

/* The first port from at on that the ceiling does not allow for the protocol; where it asks for TLS, only with that in flags. */
static uint32_t reach(const struct hf_egress *ceiling, uint8_t proto, uint8_t flags, uint32_t at)
{
        uint32_t before;

        do {
                before = at;
                for (__u32 i = 0; i < ceiling->count; i++) {
                        const struct hf_port *p = &ceiling->port[i];

                        if (p->allow && (p->proto & proto) && !(p->flags & ~flags) && p->from <= at && at <= p->to)
                                at = p->to + 1u;
                }
        } while (at != before);
        return at;
}

bool egress_allows(const struct hf_egress *ceiling, const struct hf_port *port)
{
        static const uint8_t protos[] = { HF_TCP, HF_UDP };

        for (size_t i = 0; i < ARRAY_SIZE(protos); i++)
                if ((port->proto & protos[i]) && reach(ceiling, protos[i], port->flags, port->from) <= port->to)
                        return false;
        return true;
}

int egress_add_allowed(struct hf_egress *egress, const struct hf_port *port, const struct hf_egress *ceiling)
{
        int r = 0;

        if (egress_allows(ceiling, port))
                return egress_add(egress, port);
        for (__u32 i = 0; i < ceiling->count && r == 0; i++) {
                const struct hf_port *most = &ceiling->port[i];
                struct hf_port both;

                if (!most->allow || !port_common(port, most, &both))
                        continue;
                both.flags |= most->flags;
                r = egress_add(egress, &both);
        }
        return r;
}

/* Notes what the ceiling took, by its denials or as none of its rules allows it. */
static void note_taken(struct hf_egress *egress, struct hf_port port, const struct hf_egress *ceiling, enum hf_layer layer)
{
        for (__u32 i = 0; i < ceiling->count; i++) {
                struct hf_port both;

                if (!ceiling->port[i].allow && port_common(&ceiling->port[i], &port, &both))
                        egress_add(egress, &both);
        }
        port.allow = 0;
        port.rule = hf_rule(layer, 0);
        egress_add(egress, &port);
}

/*
 * Both in one, and behind it what ceilings took, so that a refusal names the ceiling, and what the policy denies: the entry that matches
 * first is told, so those must come last, and where there is no room for them it is refused all the same. *full: a rule with too many
 * ranges.
 */
static bool intersect(struct hf_egress *egress, const struct hf_egress *from, const struct hf_egress *ceiling, enum hf_layer layer,
                      __u32 *full)
{
        bool taken = false;

        for (__u32 i = 0; i < from->count; i++)
                if (from->port[i].allow && egress_add_allowed(egress, &from->port[i], ceiling) < 0)
                        *full = from->port[i].rule;
        for (__u32 i = 0; i < from->count; i++)
                if (!from->port[i].allow && hf_rule_layer(from->port[i].rule) != HF_LAYER_POLICY)
                        egress_add(egress, &from->port[i]);
        for (__u32 i = 0; i < from->count; i++) {
                if (!from->port[i].allow || egress_allows(ceiling, &from->port[i]))
                        continue;
                taken = true;
                note_taken(egress, from->port[i], ceiling, layer);
        }
        for (__u32 i = 0; i < from->count; i++)
                if (!from->port[i].allow && hf_rule_layer(from->port[i].rule) == HF_LAYER_POLICY)
                        egress_add(egress, &from->port[i]);
        return taken;
}

static void too_many(struct findings *findings, const struct policy *p, __u32 number, const struct prefix *prefix,
                     const struct source *ceiling)
{
        char shown[64];

        findings_add(findings, number ? p->rules[number - 1].where : "$",
                     "%s has more than %d different port ranges once the %s's ceiling %s has clipped it: expected fewer, wider ranges",
                     cidr_format(prefix->addr, prefix->bits, shown), HF_PORTS, layer_name(ceiling->layer), ceiling->file);
}

/* The next prefix of two sorted lists, once where both have it; NULL: there is no more. */
static const struct prefix *next_prefix(const struct prefix *a, size_t n_a, size_t *i, const struct prefix *b, size_t n_b, size_t *j)
{
        int order;

        if (*i == n_a && *j == n_b)
                return NULL;
        order = *i == n_a ? 1 : *j == n_b ? -1 : prefix_compare(&a[*i], &b[*j]);
        *j += order >= 0;
        if (order > 0)
                return &b[*j - 1];
        return &a[(*i)++];
}

/* Whether a prefix without ports changes nothing: the longest of those kept that holds it has none either. */
static bool says_nothing(struct cursor *kept, const struct prefix *prefix)
{
        cursor_leave(kept, prefix);
        return !prefix->egress.count && (!kept->depth || !kept->list[kept->stack[kept->depth - 1]].egress.count);
}

static size_t clip(struct compiled *c, const struct prefix *most, size_t n_most, const struct source *ceiling, struct prefix *ret,
                   struct findings *findings)
{
        struct cursor own = { .list = c->prefixes, .n = c->n_prefixes }, above = { .list = most, .n = n_most }, kept = { .list = ret };
        size_t i = 0, j = 0, n = 0;
        const struct prefix *at;

        while ((at = next_prefix(c->prefixes, c->n_prefixes, &i, most, n_most, &j))) {
                struct prefix *prefix = &ret[n];
                __u32 full = 0;

                *prefix = (struct prefix){ .bits = at->bits };
                memcpy(prefix->addr, at->addr, sizeof(prefix->addr));
                c->clipped |= intersect(&prefix->egress, cursor_find(&own, at), cursor_find(&above, at), ceiling->layer, &full);
                if (full)
                        too_many(findings, c->policy, full, prefix, ceiling);
                if (!says_nothing(&kept, prefix))
                        kept.stack[kept.depth++] = n++;
        }
        return n;
}

int net_clip(struct compiled *c, const struct source *ceiling, struct findings *findings)
{
        _cleanup_free_ struct prefix *most = NULL, *prefixes = NULL;
        int before = findings->total, r;
        size_t n_most = 0, n;

        r = net_compile(ceiling, &most, &n_most, findings);
        if (r < 0)
                return r;
        prefixes = reallocarray(NULL, c->n_prefixes + n_most + 1, sizeof(*prefixes));
        if (!prefixes)
                return -ENOMEM;
        n = clip(c, most, n_most, ceiling, prefixes, findings);
        if (findings->total > before)
                return -EINVAL;
        free(c->prefixes);
        c->prefixes = TAKE_PTR(prefixes);
        c->n_prefixes = n;
        return 0;
}
