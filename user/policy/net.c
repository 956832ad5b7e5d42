/* SPDX-License-Identifier: Apache-2.0 */
/* Egress rules to address prefixes: sorted, so that a prefix comes right before those within it, then folded from short to long. */
#include "policy/compile.h"

#include "base/cleanup.h"
#include "holdfast/decide.h"
#include "policy/values.h"
#include "policy/zones.h"

#include <string.h>

/* One prefix with one rule; number 0: no rule, only the prefix. */
struct entry {
        uint8_t addr[16];
        uint32_t bits;
        int number;
};

static int compare(const uint8_t a[16], uint32_t a_bits, const uint8_t b[16], uint32_t b_bits)
{
        int r = memcmp(a, b, 16);

        return r ? r : (a_bits > b_bits) - (a_bits < b_bits);
}

int prefix_compare(const struct prefix *a, const struct prefix *b)
{
        return compare(a->addr, a->bits, b->addr, b->bits);
}

static int compare_entries(const void *a, const void *b)
{
        const struct entry *x = a, *y = b;
        int r = compare(x->addr, x->bits, y->addr, y->bits);

        return r ? r : (x->number > y->number) - (x->number < y->number);
}

/* Entries for the zones that a rule's prefix lies around: there the rule opens nothing. Returns how many. */
static size_t add_zones(struct entry *entries, const bool covered[ZONES])
{
        size_t n = 0;

        for (size_t i = 0; i < ZONES; i++) {
                if (!covered[i])
                        continue;
                entries[n] = (struct entry){ .bits = zones[i].bits };
                memcpy(entries[n++].addr, zones[i].addr, sizeof(zones[i].addr));
        }
        return n;
}

/* The egress rules by address, sorted by prefix, with the zones that a prefix around would cover. */
static int collect(const struct policy *p, struct entry **ret, size_t *ret_n)
{
        _cleanup_free_ struct entry *entries = reallocarray(NULL, (size_t)p->n_rules + ZONES, sizeof(*entries));
        bool covered[ZONES] = { false };
        size_t n = 0;

        if (!entries)
                return -ENOMEM;
        for (int i = 0; i < p->n_rules; i++) {
                const struct rule *rule = &p->rules[i];

                if (rule->path || rule->host)
                        continue;
                entries[n] = (struct entry){ .bits = rule->prefix, .number = i + 1 };
                memcpy(entries[n++].addr, rule->addr, sizeof(rule->addr));
                for (size_t zone = 0; zone < ZONES; zone++)
                        covered[zone] |= zone_is_within(&zones[zone], rule->addr, rule->prefix);
        }
        n += add_zones(entries + n, covered);
        qsort(entries, n, sizeof(*entries), compare_entries);
        *ret = TAKE_PTR(entries);
        *ret_n = n;
        return 0;
}

/* Whether the first is open for as long as the second, at least. */
static bool outlasts(const struct hf_port *a, const struct hf_port *b)
{
        return !a->until || (b->until && b->until <= a->until);
}

/* Whether the ports that are there already allow all that the new one would, or come before all that it denies. */
static bool is_covered(const struct hf_egress *egress, const struct hf_port *port)
{
        for (__u32 i = 0; i < egress->count; i++) {
                const struct hf_port *have = &egress->port[i];

                if (have->from <= port->from && have->to >= port->to && !(port->proto & ~have->proto) && !(port->allow & ~have->allow) &&
                    !(have->flags & ~port->flags) && outlasts(have, port))
                        return true;
        }
        return false;
}

int egress_add(struct hf_egress *egress, const struct hf_port *port)
{
        if (is_covered(egress, port))
                return 0;
        for (__u32 i = 0; i < egress->count; i++) {
                struct hf_port *have = &egress->port[i];

                if (have->from != port->from || have->to != port->to || have->proto != port->proto || have->flags != port->flags)
                        continue;
                if (have->until == port->until)
                        have->allow |= port->allow;
                else if (!(have->allow & ~port->allow) && outlasts(port, have))
                        *have = *port;
                else
                        continue;
                return 0;
        }
        if (egress->count == HF_PORTS)
                return -ENOSPC;
        egress->port[egress->count++] = *port;
        return 0;
}

bool port_common(const struct hf_port *a, const struct hf_port *b, struct hf_port *ret)
{
        struct hf_port both = *a;

        both.from = a->from > b->from ? a->from : b->from;
        both.to = a->to < b->to ? a->to : b->to;
        both.proto = a->proto & b->proto;
        if (!both.proto || both.from > both.to)
                return false;
        *ret = both;
        return true;
}

/* Adds what of the ports lies from one number to another, for the protocols. */
static int add_part(struct hf_egress *egress, struct hf_port port, uint16_t from, uint16_t to, uint8_t proto)
{
        port.from = from;
        port.to = to;
        port.proto = proto;
        return proto ? egress_add(egress, &port) : 0;
}

/* Adds what of the ports is not taken: other protocols whole, of the same ones what lies below and above. */
static int add_rest(struct hf_egress *egress, const struct hf_port *port, const struct hf_port *taken)
{
        uint8_t common = port->proto & taken->proto;
        int r;

        if (!common || taken->to < port->from || port->to < taken->from)
                return egress_add(egress, port);
        r = add_part(egress, *port, port->from, port->to, port->proto & (uint8_t)~common);
        if (r == 0 && taken->from > port->from)
                r = add_part(egress, *port, port->from, (uint16_t)(taken->from - 1), common);
        if (r == 0 && taken->to < port->to)
                r = add_part(egress, *port, (uint16_t)(taken->to + 1), port->to, common);
        return r;
}

int egress_take(struct hf_egress *egress, const struct hf_port *port)
{
        struct hf_egress rest = { 0 };
        int r = 0;

        for (__u32 i = 0; i < egress->count && r == 0; i++)
                r = add_rest(&rest, &egress->port[i], port);
        if (r == 0)
                *egress = rest;
        return r;
}

struct hf_port egress_port(const struct source *s, int number)
{
        const struct rule *rule = &s->policy->rules[number - 1];

        return (struct hf_port){
                .allow = rule->denies                  ? 0
                         : s->layer == HF_LAYER_POLICY ? 1ULL << rule->capability
                                                       : 1,
                .rule = hf_rule(s->layer, (__u32)number),
                .from = rule->port_from,
                .to = rule->port_to,
                .proto = rule->proto,
                .flags = rule->denies ? HF_PORT_DENIED : 0,
        };
}

/* What the rules at one prefix say. */
struct own {
        struct hf_egress open, denied;
        int full; /* the rule that there was no room for; 0: there was */
};

/* The prefix of entries[0] with its own rules; returns the number of entries that it took. */
static size_t own_ports(const struct source *s, const struct entry *entries, size_t n, struct prefix *prefix, struct own *own)
{
        size_t i = 0;

        *prefix = (struct prefix){ .bits = entries[0].bits };
        memcpy(prefix->addr, entries[0].addr, sizeof(prefix->addr));
        while (i < n && compare(entries[i].addr, entries[i].bits, prefix->addr, prefix->bits) == 0) {
                const struct hf_port port = entries[i].number ? egress_port(s, entries[i].number) : (struct hf_port){ 0 };

                if (entries[i].number && egress_add(port.allow ? &own->open : &own->denied, &port) < 0)
                        own->full = entries[i].number;
                i++;
        }
        return i;
}

/* Adds those of the ports that are allowed, or those that are denied. */
static int add_all(struct hf_egress *egress, const struct hf_egress *from, bool denied)
{
        int r = 0;

        for (__u32 i = 0; i < from->count && r == 0; i++)
                if (denied == !from->port[i].allow)
                        r = egress_add(egress, &from->port[i]);
        return r;
}

static int take_all(struct hf_egress *egress, const struct hf_egress *denied)
{
        int r = 0;

        for (__u32 i = 0; i < denied->count && r == 0; i++)
                r = egress_take(egress, &denied->port[i]);
        return r;
}

/* The ports of a prefix: its own rules' first, then the next wider one's, without what a denial of its own takes from both. */
static int fold_ports(struct hf_egress *ret, const struct own *own, const struct hf_egress *wide)
{
        struct hf_egress inherited = { 0 };
        int r;

        *ret = own->open;
        r = take_all(ret, &own->denied);
        if (r == 0)
                r = add_all(&inherited, wide, false);
        if (r == 0)
                r = take_all(&inherited, &own->denied);
        if (r == 0)
                r = add_all(ret, &inherited, false);
        if (r == 0)
                r = add_all(ret, &own->denied, true);
        return r == 0 ? add_all(ret, wide, true) : r;
}

static void too_many(struct findings *findings, const struct source *s, int number, const struct prefix *prefix)
{
        char shown[64];

        source_finding(findings, s, number ? s->policy->rules[number - 1].where : "$",
                       "%s has more than %d different port ranges, those of wider prefixes and of denials included: expected fewer, "
                       "wider ranges",
                       cidr_format(prefix->addr, prefix->bits, shown), HF_PORTS);
}

bool prefix_inherits(const struct prefix *wide, const struct prefix *narrow)
{
        return zone_of(wide->addr, wide->bits) == zone_of(narrow->addr, narrow->bits);
}

/* Groups sorted entries to prefixes; a stack holds those that the one in hand lies within. */
static size_t fold_entries(const struct source *s, const struct entry *entries, size_t n, struct prefix *prefixes,
                           struct findings *findings)
{
        static const struct hf_egress none;
        size_t stack[129], depth = 0, count = 0;

        for (size_t i = 0; i < n; count++) {
                struct prefix *prefix = &prefixes[count], *wide;
                const int first = entries[i].number;
                struct own own = { 0 };

                i += own_ports(s, entries + i, n - i, prefix, &own);
                while (depth && !cidr_holds(prefixes[stack[depth - 1]].addr, prefixes[stack[depth - 1]].bits, prefix->addr))
                        depth--;
                wide = depth ? &prefixes[stack[depth - 1]] : NULL;
                if (fold_ports(&prefix->egress, &own, wide && prefix_inherits(wide, prefix) ? &wide->egress : &none) < 0 && !own.full)
                        own.full = first;
                if (own.full)
                        too_many(findings, s, own.full, prefix);
                stack[depth++] = count;
        }
        return count;
}

int net_compile(const struct source *source, struct prefix **ret, size_t *ret_n, struct findings *findings)
{
        _cleanup_free_ struct prefix *prefixes = NULL;
        _cleanup_free_ struct entry *entries = NULL;
        int before = findings->total, r;
        size_t n;

        r = collect(source->policy, &entries, &n);
        if (r < 0)
                return r;
        prefixes = reallocarray(NULL, n + 1, sizeof(*prefixes));
        if (!prefixes)
                return -ENOMEM;
        n = fold_entries(source, entries, n, prefixes, findings);
        if (findings->total > before)
                return -EINVAL;
        *ret = TAKE_PTR(prefixes);
        *ret_n = n;
        return 0;
}
