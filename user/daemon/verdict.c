/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/verdict.h"

#include "base/json.h"
#include "daemon/names.h"
#include "holdfast/decide.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

bool is_device(int fd)
{
        struct statfs fs;
        struct stat st;

        return fstat(fd, &st) == 0 && (S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode)) && fstatfs(fd, &fs) == 0 &&
               fs.f_type != DEVPTS_SUPER_MAGIC;
}

struct verdict verdict_file(const struct hf_node *node, bool own, const struct looked_at *looked, uint8_t rights,
                            const struct standing *now)
{
        struct verdict v = { .why = HF_WHY_KILLED, .refused = rights };

        if (now->killed)
                return v;
        v.own = own;
        v.way = own && node && (node->flags & HF_NODE_WAY);
        v.refused = (uint8_t)hf_refused(node, hf_live(&now->policy), rights);
        v.why = hf_explain(node, v.refused ? v.refused : rights, &v.rule);
        v.masks = node ? node->allow[hf_right_index(v.refused ? v.refused : rights)] : 0;
        if (v.refused)
                return v;
        v.why = HF_WHY_ALLOWED;
        v.masks &= hf_live(&now->policy);
        if (looked->device && hf_device_closed(node, own)) {
                v.refused = rights;
                v.why = HF_WHY_DEVICE;
                return v;
        }
        if (hf_content_asked(node, rights) && !looked->known) {
                v.refused = HF_EXEC;
                v.why = hf_explain(node, HF_EXEC, &v.rule);
                v.why = HF_WHY_CONTENT;
                return v;
        }
        /* As check_name() of the BPF programs: what is on the way to a denied place may be made as a folder only. */
        if (!looked->exists && v.way && (rights & HF_WRITE)) {
                v.refused = HF_WRITE;
                v.why = hf_explain(node, HF_WRITE, &v.rule);
                v.why = HF_WHY_WAY;
        }
        return v;
}

struct verdict verdict_egress(const struct hf_egress *egress, uint8_t proto, uint16_t port, const struct standing *now)
{
        struct verdict v = { .why = HF_WHY_KILLED };

        if (now->killed)
                return v;
        v.why = hf_egress_decide(egress, hf_live(&now->policy), now->policy.spent, proto, port, now->time, &v.rule);
        for (uint32_t i = 0; egress && i < egress->count && i < HF_PORTS; i++) {
                const struct hf_port *p = &egress->port[i];

                if ((p->proto & proto) && port >= p->from && port <= p->to)
                        v.masks |= p->allow;
        }
        if (v.why != HF_WHY_ALLOWED)
                return v;
        v.masks &= hf_live(&now->policy);
        v.tls = proto == HF_TCP && !hf_egress_plain(egress, hf_live(&now->policy) & ~now->policy.spent, port, now->time);
        return v;
}

struct verdict verdict_host(const struct hosts *hosts, const struct question *q, const struct standing *now)
{
        struct verdict v = { .why = now->killed ? HF_WHY_KILLED : HF_WHY_NO_RULE };
        struct hf_egress egress;

        if (now->killed || !hosts)
                return v;
        v.why = hosts_decide(hosts, q->host, hf_live(&now->policy), &v.rule);
        if (v.why == HF_WHY_NO_RULE || v.why == HF_WHY_RULE || hf_rule_layer(v.rule) != HF_LAYER_POLICY)
                return v;
        hosts_ports(hosts, q->host, &egress);
        return verdict_egress(&egress, q->proto, q->port, now);
}

const uint8_t *verdict_other_address(const struct verdict *v, const uint8_t addr[16])
{
        static const uint8_t any[16], here[16] = { [10] = 0xff, 0xff, 127, 0, 0, 1 };

        return v->why == HF_WHY_ALLOWED && !memcmp(addr, any, sizeof(any)) ? here : NULL;
}

static bool in_mask(const struct rule *rule, uint64_t mask)
{
        return mask >> rule->capability & 1;
}

/* Whether two egress rules speak of the same name or prefix. */
static bool same_end(const struct rule *a, const struct rule *b)
{
        if (a->host || b->host)
                return a->host && b->host && !strcmp(a->host, b->host);
        return a->prefix == b->prefix && !memcmp(a->addr, b->addr, sizeof(a->addr));
}

/* Whether two rules speak of the same place, name or prefix, and the second allows all that is asked. */
static bool alike(const struct rule *a, const struct rule *b, const struct question *q)
{
        if (q->rights)
                return a->path && b->path && !strcmp(a->path, b->path) && (q->rights & ~b->allow) == 0;
        return !a->path && !b->path && !b->denies && same_end(a, b) && q->port >= b->port_from && q->port <= b->port_to &&
               (q->proto & b->proto);
}

/*
 * The rule that allows it. Of several at one place the kernel knows the number of one only, which may be of a capability that is not
 * live: then one of those is shown that are.
 */
static const struct rule *rule_shown(const struct question *q, const struct verdict *v, const struct policy *p, uint32_t *number)
{
        const struct rule *rule = policy_rule(p, v->rule);

        *number = v->rule;
        if (!rule || in_mask(rule, v->masks))
                return rule;
        for (int i = 0; i < p->n_rules; i++) {
                if (!in_mask(&p->rules[i], v->masks) || !alike(rule, &p->rules[i], q))
                        continue;
                *number = (uint32_t)i + 1;
                return &p->rules[i];
        }
        return NULL;
}

/* The first capability of a mask by its name; NULL: there is none, or it is not known. */
static const char *capability_name(const struct policy *p, uint64_t mask)
{
        int i = mask ? __builtin_ctzll(mask) : -1;

        return p && i >= 0 && i < p->n_capabilities ? p->capabilities[i].name : NULL;
}

/* The kernel's own number of the rule, where it was one. */
static void add_number(cJSON *o, uint32_t number)
{
        if (number != HF_RULE_SEAL && hf_rule_number(number))
                cJSON_AddNumberToObject(o, "rule_number", hf_rule_number(number));
}

/* The capability is the policy's; the rule is a ceiling's where that alone names the content. */
static void add_allowed(cJSON *o, const struct question *q, const struct verdict *v, const struct event_context *c)
{
        const unsigned layer = hf_rule_layer(v->rule);
        uint32_t number = 0;
        const struct rule *rule = rule_shown(q, v, c->policy, &number);
        const char *name = rule ? c->policy->capabilities[rule->capability].name : capability_name(c->policy, v->masks);
        char text[32];

        if (layer != HF_LAYER_POLICY && layer < HF_LAYERS) {
                number = hf_rule_number(v->rule);
                rule = c->ceilings ? policy_rule(c->ceilings[layer].policy, number) : NULL;
                cJSON_AddStringToObject(o, "layer", layer_name(layer));
        }

        snprintf(text, sizeof(text), "#%u", number);
        json_add_text(o, "capability", name ? name : "unknown");
        json_add_text(o, "rule", rule ? rule->where : text);
        add_number(o, number);
        cJSON_AddStringToObject(o, "why", why_name(v->why));
        json_add_text(o, "reason", why_text(v->why));
}

static void add_refused(cJSON *o, const struct verdict *v, const struct event_context *c)
{
        const struct hf_event event = { .rule = v->rule, .why = (uint8_t)v->why, .flags = HF_EVENT_DENIED };

        event_add_decision(o, &event, c);
        add_number(o, v->rule);
}

/* The capabilities that would allow it, and why each does not. */
static void add_capabilities(cJSON *o, const struct verdict *v, const struct policy *p, const struct standing *now)
{
        cJSON *list = v->why == HF_WHY_INACTIVE ? cJSON_AddArrayToObject(o, "capabilities") : NULL;

        for (int i = 0; list && i < POLICY_CAPABILITIES_MAX; i++) {
                cJSON *item;
                char number[16];

                if (!(v->masks >> i & 1))
                        continue;
                item = cJSON_CreateObject();
                snprintf(number, sizeof(number), "#%d", i);
                json_add_text(item, "name", p && i < p->n_capabilities ? p->capabilities[i].name : number);
                cJSON_AddStringToObject(item, "state", now->policy.killed >> i & 1 ? "killed" : "not granted");
                cJSON_AddItemToArray(list, item);
        }
}

static void add_file(cJSON *o, const struct question *q, const struct looked_at *looked, const struct verdict *v)
{
        char rights[5];

        right_format(q->rights, rights);
        cJSON_AddStringToObject(o, "right", rights);
        right_format(v->refused, rights);
        if (v->refused)
                cJSON_AddStringToObject(o, "refused", rights);
        json_add_text(o, "asked", q->path);
        json_add_text(o, "path", looked->path);
        cJSON_AddBoolToObject(o, "exists", looked->exists);
        cJSON_AddBoolToObject(o, "own", v->own);
        cJSON_AddBoolToObject(o, "way", v->way);
}

static void add_address(cJSON *o, const struct question *q)
{
        char text[48];

        cJSON_AddStringToObject(o, "right", "connect");
        if (q->host)
                json_add_text(o, "host", q->host);
        else
                cJSON_AddStringToObject(o, "addr", address_text(q->addr, text));
        cJSON_AddNumberToObject(o, "port", q->port);
        cJSON_AddStringToObject(o, "proto", proto_name(q->proto));
}

cJSON *verdict_json(const struct question *q, const struct looked_at *looked, const struct verdict *v, const struct event_context *c,
                    const struct standing *now)
{
        cJSON *o = cJSON_CreateObject();

        if (!o)
                return NULL;
        cJSON_AddStringToObject(o, "verdict", v->why == HF_WHY_ALLOWED ? "allow" : "deny");
        if (q->rights)
                add_file(o, q, looked, v);
        else
                add_address(o, q);
        if (v->tls)
                cJSON_AddTrueToObject(o, "tls");
        if (v->why == HF_WHY_ALLOWED)
                add_allowed(o, q, v, c);
        else
                add_refused(o, v, c);
        add_capabilities(o, v, c->policy, now);
        return o;
}

int question_target(struct question *q, const char *host, struct error *e)
{
        int r = address_parse(host, q->addr) < 0 ? host_parse(host, &q->host, e) : 0;

        if (r == 0 && q->host && q->host[0] == '*')
                return error_set(e, -EINVAL, "expected one name, found \"%s\"", host);
        return r;
}

int address_parse(const char *text, uint8_t addr[16])
{
        static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

        if (inet_pton(AF_INET6, text, addr) == 1)
                return 0;
        if (inet_pton(AF_INET, text, addr + 12) != 1)
                return -EINVAL;
        memcpy(addr, mapped, sizeof(mapped));
        return 0;
}
