/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rules by name of each layer, sorted by name, and its address prefixes: those of ceilings allow what a name leads to as well, and no
 * name leads to what one denies.
 */
#include "policy/hosts.h"

#include "base/cleanup.h"
#include "holdfast/decide.h"
#include "policy/compile.h"
#include "policy/values.h"
#include "policy/zones.h"

#include <stdlib.h>
#include <string.h>

#define HTTPS 443 /* port */

/* A rule. Those of one name stand together, by number. */
struct host_rule {
        struct hf_port port;
        uint32_t text; /* offset of the name; of "*.example.com" without "*.", and of "*", which is all names, "" */
        bool below;    /* all names below it, not the name itself */
        bool private, denies;
        enum rule_tls tls;
};

/* An address prefix. */
struct range {
        struct prefix prefix;
        size_t around; /* 1 more than the index of the smallest prefix around it; 0: none */
};

/* What one layer says; offsets from the beginning of the table. */
struct layer {
        enum hf_layer layer;
        bool opens; /* some prefix allows something */
        size_t rules, n_rules;
        size_t ranges, n_ranges; /* of the policy only where it denies some */
};

struct hosts {
        size_t size;
        size_t n;
        struct layer layers[HF_LAYERS]; /* the policy, then its ceilings */
};

/* The rules of one name. */
struct found {
        const struct host_rule *rules;
        size_t n;
};

/* Which of a name's rules count, and what else of the layer. */
struct place_asked {
        const uint8_t *addr; /* prefixes around it count; NULL: none does */
        bool any;            /* without addr: whatever address it may be */
        bool special, apart; /* of the rules by name, only those that may lead to such addresses */
};

static const struct host_rule *rules_of(const struct hosts *h, const struct layer *l)
{
        return (const void *)((const char *)h + l->rules);
}

static const struct range *ranges_of(const struct hosts *h, const struct layer *l)
{
        return (const void *)((const char *)h + l->ranges);
}

static const char *text_of(const struct hosts *h, const struct host_rule *rule)
{
        return (const char *)h + rule->text;
}

/* Finding. */

static int compare_names(const char *a, bool a_below, const char *b, bool b_below)
{
        int r = strcmp(a, b);

        return r ? r : a_below - b_below;
}

/* The rules of exactly that name, or of all below it. */
static struct found find_at(const struct hosts *h, const struct layer *l, const char *name, bool below)
{
        const struct host_rule *rules = rules_of(h, l);
        size_t first = 0, end = l->n_rules, n = 0;

        while (first < end) {
                size_t middle = first + (end - first) / 2;

                if (compare_names(text_of(h, &rules[middle]), rules[middle].below, name, below) < 0)
                        first = middle + 1;
                else
                        end = middle;
        }
        while (first + n < l->n_rules && !compare_names(text_of(h, &rules[first + n]), rules[first + n].below, name, below))
                n++;
        return (struct found){ rules + first, n };
}

/* The rules of the most exact name: name itself (or, with below, all below it), else all below one of its parents, else all names. */
static struct found find_name(const struct hosts *h, const struct layer *l, const char *name, bool below)
{
        struct found found = find_at(h, l, name, below);

        for (const char *dot = strchr(name, '.'); !found.n && dot; dot = strchr(dot + 1, '.'))
                found = find_at(h, l, dot + 1, true);
        return found.n ? found : find_at(h, l, "", true);
}

/* The smallest prefix around the address; NULL: there is none. */
static const struct range *find_range(const struct hosts *h, const struct layer *l, const uint8_t addr[16])
{
        const struct range *ranges = ranges_of(h, l);
        size_t first = 0, end = l->n_ranges;

        while (first < end) {
                size_t middle = first + (end - first) / 2;

                if (memcmp(ranges[middle].prefix.addr, addr, 16) <= 0)
                        first = middle + 1;
                else
                        end = middle;
        }
        /* The last that begins at the address or before, and those around it, are all that can hold it. */
        while (first && !cidr_holds(ranges[first - 1].prefix.addr, ranges[first - 1].prefix.bits, addr))
                first = ranges[first - 1].around;
        return first ? &ranges[first - 1] : NULL;
}

/* Ports. */

static bool counts(const struct host_rule *rule, const struct place_asked *asked)
{
        return !rule->denies && (rule->private || !asked->special) && (!rule->below || !asked->apart);
}

/* Adds what a rule opens: where a TLS hello has to come first, TCP alone, as QUIC cannot be looked into. */
static int add_rule(struct hf_egress *egress, const struct host_rule *rule)
{
        struct hf_egress rest = { .count = 1, .port = { rule->port } };
        struct hf_port tls = rule->port;
        int r;

        if (rule->tls == RULE_TLS_UNSAID) {
                tls.from = tls.from > HTTPS ? tls.from : HTTPS;
                tls.to = tls.to < HTTPS ? tls.to : HTTPS;
        }
        if (rule->tls == RULE_TLS_NEVER || !(tls.proto & HF_TCP) || tls.from > tls.to)
                return egress_add(egress, &rule->port);
        r = egress_take(&rest, &tls);
        for (__u32 i = 0; i < rest.count && r == 0; i++)
                r = egress_add(egress, &rest.port[i]);
        tls.proto = HF_TCP;
        tls.flags = HF_PORT_TLS;
        return r == 0 ? egress_add(egress, &tls) : r;
}

/* Takes what a prefix around the address denies, also one around the part of the address space that it lies in. */
static int take_ranges(const struct hosts *h, const struct layer *l, const uint8_t addr[16], struct hf_egress *egress)
{
        const struct range *range = find_range(h, l, addr);
        int r = 0;

        while (range && r == 0) {
                const struct prefix *p = &range->prefix;

                for (__u32 i = 0; i < p->egress.count && r == 0 && cidr_is_v4(p->addr, p->bits) == cidr_is_v4(addr, 128); i++)
                        if (!p->egress.port[i].allow)
                                r = egress_take(egress, &p->egress.port[i]);
                range = range->around ? &ranges_of(h, l)[range->around - 1] : NULL;
        }
        return r;
}

/*
 * Adds what of the ports a denial took from a name, and the policy's own rules allow at a longer prefix inside: to those rules'
 * capabilities alone.
 */
static int add_again(const struct hf_egress *range, const struct hf_egress *name, struct hf_egress *egress)
{
        const struct hf_egress left = *egress;
        struct hf_egress again = { 0 };
        int r = 0;

        for (__u32 i = 0; i < range->count && r == 0; i++)
                if (range->port[i].allow)
                        r = egress_add_allowed(&again, &range->port[i], name);
        for (__u32 i = 0; i < left.count && r == 0; i++)
                r = egress_take(&again, &left.port[i]);
        for (__u32 i = 0; i < again.count && r == 0; i++)
                r = egress_add(egress, &again.port[i]);
        return r;
}

/*
 * What prefixes around the address say of the ports that a name opens there. What a denial closes no name opens; a ceiling's prefix allows
 * its ports by itself.
 */
static int ask_ranges(const struct hosts *h, const struct layer *l, const uint8_t addr[16], struct hf_egress *egress)
{
        const struct range *range = find_range(h, l, addr);
        const struct hf_egress name = *egress;
        uint8_t inner[16];
        int r = take_ranges(h, l, addr, egress);

        if (r == 0 && addr_embedded(addr, inner))
                r = take_ranges(h, l, inner, egress);
        if (l->layer == HF_LAYER_POLICY && (r < 0 || !range || memcmp(&name, egress, sizeof(name)) == 0))
                return r;
        if (l->layer == HF_LAYER_POLICY)
                return add_again(&range->prefix.egress, &name, egress);
        for (__u32 i = 0; range && i < range->prefix.egress.count && r == 0; i++)
                if (range->prefix.egress.port[i].allow)
                        r = egress_add(egress, &range->prefix.egress.port[i]);
        return r;
}

/* Asks the prefixes; for any address they allow all in a ceiling where some opens something. */
static int add_ranges(const struct hosts *h, const struct layer *l, const struct place_asked *asked, struct hf_egress *egress)
{
        static const struct hf_port all = { .allow = 1, .to = UINT16_MAX, .proto = HF_TCP | HF_UDP };

        if (asked->addr)
                return ask_ranges(h, l, asked->addr, egress);
        return asked->any && l->opens ? egress_add(egress, &all) : 0;
}

/* What the layer allows under these rules of a name. Returns 0 or -ENOSPC. */
static int layer_ports(const struct hosts *h, const struct layer *l, const struct found *found, const struct place_asked *asked,
                       struct hf_egress *ret)
{
        int r = 0;

        *ret = (struct hf_egress){ 0 };
        for (size_t i = 0; i < found->n && r == 0; i++)
                if (counts(&found->rules[i], asked))
                        r = add_rule(ret, &found->rules[i]);
        if (r == 0)
                r = add_ranges(h, l, asked, ret);
        for (size_t i = 0; i < found->n && r == 0; i++)
                if (found->rules[i].denies)
                        r = egress_take(ret, &found->rules[i].port);
        return r;
}

/* Leaves what the ceiling allows too. Returns 0 or -ENOSPC. */
static int clip_ports(struct hf_egress *egress, const struct hf_egress *ceiling)
{
        struct hf_egress both = { 0 };
        int r = 0;

        for (__u32 i = 0; i < egress->count && r == 0; i++)
                r = egress_add_allowed(&both, &egress->port[i], ceiling);
        *egress = both;
        return r;
}

/* Deciding. */

/* The first denial that takes some of the ports; NULL: none does. */
static const struct host_rule *denial_of(const struct found *found, const struct hf_egress *egress)
{
        for (size_t i = 0; i < found->n; i++) {
                const struct hf_port *port = &found->rules[i].port;

                for (__u32 j = 0; found->rules[i].denies && j < egress->count; j++)
                        if ((port->proto & egress->port[j].proto) && port->from <= egress->port[j].to && egress->port[j].from <= port->to)
                                return &found->rules[i];
        }
        return NULL;
}

/* The denial that left nothing: one that takes from what allows, or the first, where all of them are denials. */
static uint32_t denied_by(const struct found *found)
{
        const struct host_rule *denial;
        struct hf_egress allowed = { 0 };

        for (size_t i = 0; i < found->n; i++)
                if (!found->rules[i].denies)
                        add_rule(&allowed, &found->rules[i]);
        denial = denial_of(found, &allowed);
        return denial ? denial->port.rule : found->rules[0].port.rule;
}

/* The policy's word on the ports that are left. */
static enum hf_why decide_ports(const struct hf_egress *open, uint64_t live, uint32_t *rule)
{
        *rule = open->port[0].rule;
        for (__u32 i = 0; i < open->count; i++) {
                if (!(open->port[i].allow & live))
                        continue;
                *rule = open->port[i].rule;
                return HF_WHY_ALLOWED;
        }
        return HF_WHY_INACTIVE;
}

enum hf_why hosts_decide(const struct hosts *h, const char *name, uint64_t live, uint32_t *rule)
{
        static const struct place_asked any = { .any = true };
        struct found found = find_name(h, &h->layers[0], name, false);
        struct hf_egress open;

        *rule = 0;
        if (!found.n)
                return HF_WHY_NO_RULE;
        layer_ports(h, &h->layers[0], &found, &any, &open);
        if (!open.count) {
                *rule = denied_by(&found);
                return HF_WHY_RULE;
        }
        for (size_t i = 1; i < h->n; i++) {
                const struct hf_egress before = open;
                const struct host_rule *denial;
                struct hf_egress most;

                found = find_name(h, &h->layers[i], name, false);
                layer_ports(h, &h->layers[i], &found, &any, &most);
                clip_ports(&open, &most);
                if (open.count)
                        continue;
                denial = denial_of(&found, &before);
                *rule = denial ? denial->port.rule : hf_rule(h->layers[i].layer, 0);
                return denial ? HF_WHY_RULE : HF_WHY_INACTIVE;
        }
        return decide_ports(&open, live, rule);
}

/* What all layers together open. Returns 0 or -ENOSPC. */
static int open_ports(const struct hosts *h, const char *name, const struct place_asked *asked, struct hf_egress *ret)
{
        struct found found = find_name(h, &h->layers[0], name, false);
        int r = layer_ports(h, &h->layers[0], &found, asked, ret);

        for (size_t i = 1; i < h->n && r == 0 && ret->count; i++) {
                struct hf_egress most;

                found = find_name(h, &h->layers[i], name, false);
                r = layer_ports(h, &h->layers[i], &found, asked, &most);
                if (r == 0)
                        r = clip_ports(ret, &most);
        }
        return r;
}

int hosts_ports(const struct hosts *h, const char *name, struct hf_egress *ret)
{
        static const struct place_asked any = { .any = true };

        return open_ports(h, name, &any, ret);
}

int hosts_open(const struct hosts *h, const char *name, const uint8_t addr[16], uint32_t until, struct hf_egress *egress)
{
        const struct place_asked asked = { .addr = addr, .special = addr_is_special(addr), .apart = addr_is_apart(addr) };
        struct hf_egress open, all = *egress;
        int r = open_ports(h, name, &asked, &open);

        for (__u32 i = 0; i < open.count && r == 0; i++) {
                open.port[i].until = until;
                r = egress_add(&all, &open.port[i]);
        }
        if (r < 0)
                return r;
        *egress = all;
        return (int)open.count;
}

bool hosts_has(const struct hosts *h, const char *name)
{
        return find_at(h, &h->layers[0], name, false).n > 0;
}

bool hosts_clipped(const struct hosts *h)
{
        static const struct place_asked any = { .any = true };
        const struct host_rule *rules = rules_of(h, &h->layers[0]);

        for (size_t i = 0; i < h->layers[0].n_rules; i++) {
                for (size_t j = 1; !rules[i].denies && j < h->n; j++) {
                        struct found found = find_name(h, &h->layers[j], text_of(h, &rules[i]), rules[i].below);
                        struct hf_egress most, own = { 0 };

                        layer_ports(h, &h->layers[j], &found, &any, &most);
                        add_rule(&own, &rules[i]);
                        for (__u32 k = 0; k < own.count; k++)
                                if (!egress_allows(&most, &own.port[k]))
                                        return true;
                }
        }
        return false;
}

size_t hosts_size(const struct hosts *h)
{
        return h->size;
}

/* Building. */

/* What one layer brings, before it is packed. */
struct part {
        const struct source *source;
        const struct rule **rules; /* sorted */
        size_t n_rules;
        struct prefix *prefixes;
        size_t n_prefixes;
        size_t text; /* bytes of all names */
};

struct parts {
        struct part list[HF_LAYERS];
};

static void parts_clear(struct parts *p)
{
        for (size_t i = 0; i < HF_LAYERS; i++) {
                free(p->list[i].rules);
                free(p->list[i].prefixes);
        }
}

static bool host_is_below(const struct rule *rule)
{
        return rule->host[0] == '*';
}

static const char *host_text(const struct rule *rule)
{
        return rule->host + (!host_is_below(rule) ? 0 : rule->host[1] ? 2 : 1);
}

static int compare_rules(const void *a, const void *b)
{
        const struct rule *x = *(const struct rule *const *)a, *y = *(const struct rule *const *)b;
        int r = compare_names(host_text(x), host_is_below(x), host_text(y), host_is_below(y));

        return r ? r : (x > y) - (x < y);
}

static bool denies_addresses(const struct policy *p)
{
        for (int i = 0; i < p->n_rules; i++)
                if (!p->rules[i].path && !p->rules[i].host && p->rules[i].denies)
                        return true;
        return false;
}

static int part_fill(struct part *part, const struct source *source, struct findings *findings)
{
        const struct policy *p = source->policy;

        part->source = source;
        part->rules = reallocarray(NULL, (size_t)p->n_rules + 1, sizeof(struct rule *));
        if (!part->rules)
                return -ENOMEM;
        for (int i = 0; i < p->n_rules; i++) {
                if (!p->rules[i].host)
                        continue;
                part->rules[part->n_rules++] = &p->rules[i];
                part->text += strlen(host_text(&p->rules[i])) + 1;
        }
        qsort(part->rules, part->n_rules, sizeof(struct rule *), compare_rules);
        if (source->layer == HF_LAYER_POLICY && (!part->n_rules || !denies_addresses(p)))
                return 0;
        return net_compile(source, &part->prefixes, &part->n_prefixes, findings);
}

static void pack_rules(struct hosts *h, struct layer *l, const struct part *part, size_t *text)
{
        struct host_rule *to = (void *)((char *)h + l->rules);

        for (size_t i = 0; i < part->n_rules; i++) {
                const struct rule *rule = part->rules[i];
                size_t n = strlen(host_text(rule)) + 1;

                to[i] = (struct host_rule){
                        .port = egress_port(part->source, (int)(rule - part->source->policy->rules) + 1),
                        .text = (uint32_t)*text,
                        .below = host_is_below(rule),
                        .private = rule->private,
                        .denies = rule->denies,
                        .tls = rule->tls,
                };
                memcpy((char *)h + *text, host_text(rule), n);
                *text += n;
        }
}

static void pack_ranges(struct hosts *h, struct layer *l, const struct part *part)
{
        struct range *to = (void *)((char *)h + l->ranges);
        size_t around = 0;

        for (size_t i = 0; i < part->n_prefixes; i++) {
                const struct prefix *prefix = &part->prefixes[i];

                while (around && !cidr_holds(to[around - 1].prefix.addr, to[around - 1].prefix.bits, prefix->addr))
                        around = to[around - 1].around;
                to[i] = (struct range){ *prefix, around };
                around = i + 1;
                l->opens |= l->layer != HF_LAYER_POLICY && prefix->egress.count && prefix->egress.port[0].allow;
        }
}

/* One block: the header, the rules and ranges of each layer, then the names. */
static struct hosts *pack(const struct parts *parts, size_t n)
{
        size_t size = sizeof(struct hosts), text = 0;
        struct layer layers[HF_LAYERS] = { 0 };
        struct hosts *h;

        for (size_t i = 0; i < n; i++) {
                const struct part *part = &parts->list[i];

                layers[i] = (struct layer){ part->source->layer, false, size, part->n_rules, 0, part->n_prefixes };
                size += part->n_rules * sizeof(struct host_rule);
                layers[i].ranges = size;
                size += part->n_prefixes * sizeof(struct range);
                text += part->text;
        }
        h = calloc(1, size + text);
        if (!h)
                return NULL;
        *h = (struct hosts){ .size = size + text, .n = n };
        memcpy(h->layers, layers, sizeof(layers));
        for (size_t i = 0; i < n; i++) {
                pack_rules(h, &h->layers[i], &parts->list[i], &size);
                pack_ranges(h, &h->layers[i], &parts->list[i]);
        }
        return h;
}

/* The rules of one name, for one kind of address, which must fit into one set of ports. */
static void check_name(const struct hosts *h, const struct layer *l, const struct found *found, const struct place_asked *asked,
                       const struct source *source, struct findings *findings)
{
        const struct rule *rule = policy_rule(source->policy, hf_rule_number(found->rules[found->n - 1].port.rule));
        struct hf_egress open;

        if (layer_ports(h, l, found, asked, &open) < 0)
                source_finding(findings, source, rule->where, "\"%s\" has more than %d different port ranges: expected fewer, wider ranges",
                               rule->host, HF_PORTS);
}

static int check_layer(const struct hosts *h, const struct layer *l, const struct source *source, struct findings *findings)
{
        static const struct place_asked kinds[] = { { .any = true }, { .any = false }, { .special = true } };
        const struct host_rule *rules = rules_of(h, l);
        const int before = findings->total;
        struct found found;

        for (size_t i = 0; i < l->n_rules; i += found.n) {
                const int good = findings->total;

                found = find_at(h, l, text_of(h, &rules[i]), rules[i].below);
                for (size_t kind = 0; kind < ARRAY_SIZE(kinds) && findings->total == good; kind++)
                        check_name(h, l, &found, &kinds[kind], source, findings);
        }
        return findings->total > before ? -EINVAL : 0;
}

int hosts_build(const struct source *layers, size_t n, struct hosts **ret, struct findings *findings)
{
        _cleanup_(parts_clear) struct parts parts = { 0 };
        _cleanup_free_ struct hosts *h = NULL;
        int r = part_fill(&parts.list[0], &layers[0], findings);

        if (r == 0 && !parts.list[0].n_rules) {
                *ret = NULL;
                return 0;
        }
        for (size_t i = 1; i < n && r == 0; i++)
                r = part_fill(&parts.list[i], &layers[i], findings);
        if (r < 0)
                return r;
        h = pack(&parts, n);
        if (!h)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++)
                if (check_layer(h, &h->layers[i], &layers[i], findings) < 0)
                        r = -EINVAL;
        if (r == 0)
                *ret = TAKE_PTR(h);
        return r;
}
