/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes policies out of bytes, compiles them, and compares what the compiled form decides with what the rules say when they are
 * read one after the other.
 */
#include "base/cleanup.h"
#include "holdfast/decide.h"
#include "policy/hosts.h"
#include "policy/policy.h"
#include "policy/values.h"
#include "policy/zones.h"

#include <string.h>

#define CAPABILITIES 4

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct bytes {
        const uint8_t *data;
        size_t left;
};

static uint8_t next(struct bytes *b)
{
        return b->left ? b->left--, *b->data++ : 0;
}

static void check(bool good)
{
        if (!good)
                abort();
}

/* A path of up to five components out of four, so that rules meet. */
static void make_path(struct bytes *b, char out[16])
{
        uint8_t shape = next(b), names = next(b);
        int n = 0;

        for (int i = 0; i < shape % 6; i++) {
                out[n++] = '/';
                out[n++] = "abcd"[names >> 2 * (i % 4) & 3];
        }
        if (!n)
                out[n++] = '/';
        out[n] = '\0';
}

static void make_file_rule(struct bytes *b, FILE *f)
{
        uint8_t allow, deny;
        char path[16], text[5];

        make_path(b, path);
        allow = next(b);
        deny = allow >> 4 & ~allow & HF_RIGHTS_ALL;
        allow &= HF_RIGHTS_ALL;
        fprintf(f, "{\"path\":\"%s\"", path);
        right_format(allow, text);
        if (allow)
                fprintf(f, ",\"allow\":\"%s\"", text);
        right_format(deny, text);
        if (deny || !allow)
                fprintf(f, ",\"deny\":\"%s\"", deny ? text : "r");
        fputc('}', f);
}

/* An address near a few others, of either family, with any prefix length. */
static bool make_address(struct bytes *b, uint8_t addr[16])
{
        static const uint8_t v4[8][4] = { { 10 }, { 0 }, { 127 }, { 169, 254 }, { 100, 100, 100, 200 }, { 192, 168 }, { 224 }, { 240 } };
        static const uint8_t v6[8][16] = { { 0 },
                                           { [15] = 1 },
                                           { 0xfe, 0x80 },
                                           { 0xff },
                                           { 0xfd, 0x00, 0x0e, 0xc2, [14] = 2, 0x54 },
                                           { 0x20, 0x02 },
                                           { 0x00, 0x64, 0xff, 0x9b },
                                           { 0 } };
        uint8_t kind = next(b), where = next(b), value = next(b);

        memcpy(addr, v6[kind >> 2 & 7], 16);
        if (kind & 1) {
                memset(addr, 0, 10);
                addr[10] = addr[11] = 0xff;
                memcpy(addr + 12, v4[kind >> 2 & 7], 4);
        }
        if (kind & 2)
                addr[12 + where % 4] = value;
        else if (!(kind & 1))
                addr[where % 16] = value;
        return kind & 1;
}

/* A name of one to four labels out of two, so that rules meet. */
static void make_name(struct bytes *b, char out[16])
{
        uint8_t shape = next(b);
        int n = 0;

        for (int i = 0; i <= shape % 4; i++) {
                out[n++] = "ab"[shape >> (4 + i) & 1];
                out[n++] = '.';
        }
        out[n - 1] = '\0';
}

static void make_ports(uint8_t ports, FILE *f)
{
        fprintf(f, ",\"port\":\"%d-%d\"", ports % 4, ports % 4 + ports / 4 % 4);
        if (ports >> 6)
                fprintf(f, ",\"proto\":\"%s\"", ports >> 6 == 1 ? "tcp" : "udp");
}

static void make_host_rule(struct bytes *b, FILE *f)
{
        uint8_t kind = next(b);
        char name[16];

        make_name(b, name);
        fprintf(f, "{\"host\":\"%s%s\"", kind & 1 ? "*." : "", name);
        if (kind % 16 > 11)
                fputs(",\"deny\":true", f);
        else if (kind & 2)
                fputs(",\"private\":true", f);
        make_ports(next(b), f);
        fputc('}', f);
}

static void make_cidr_rule(struct bytes *b, FILE *f)
{
        uint8_t addr[16];
        bool v4 = make_address(b, addr);
        uint8_t kind = next(b);
        uint32_t bits = v4 ? 96 + kind % 33 : kind % 129;
        bool denies = next(b) % 8 > 4;
        char text[64];

        if (!denies && zone_of(addr, bits) && zone_of(addr, bits)->singles)
                bits = 128;
        for (uint32_t i = bits; i < 128; i++)
                addr[i / 8] &= (uint8_t) ~(0x80u >> i % 8);
        /* An IPv6 rule that happens to lie in IPv4's part is written as IPv4. */
        fprintf(f, "{\"cidr\":\"%s\"%s", cidr_format(addr, bits, text), denies ? ",\"deny\":true" : "");
        make_ports(next(b), f);
        fputc('}', f);
}

static void make_egress_rule(struct bytes *b, FILE *f)
{
        if (next(b) & 1)
                make_host_rule(b, f);
        else
                make_cidr_rule(b, f);
}

static char *make_policy(struct bytes *b)
{
        char *text = NULL;
        size_t length;
        FILE *f = open_memstream(&text, &length);

        check(f);
        fputs("{\"holdfast\":1,\"name\":\"t\",\"capabilities\":{", f);
        for (int c = 0; c < CAPABILITIES; c++) {
                fprintf(f, "%s\"c%d\":{\"authorization\":\"%s\",\"files\":[", c ? "," : "", c, c % 2 ? "ask" : "always");
                for (int i = next(b) % 8; i > 0; i--) {
                        make_file_rule(b, f);
                        fputs(i > 1 ? "," : "", f);
                }
                fputs("],\"egress\":[", f);
                for (int i = next(b) % 8; i > 0; i--) {
                        make_egress_rule(b, f);
                        fputs(i > 1 ? "," : "", f);
                }
                fputs("]}", f);
        }
        fputs("}}", f);
        fclose(f);
        return text;
}

/* Folders, and nothing behind the name "d". */
static int open_folders(void *context, int folder, const char *name, struct fs_object *ret)
{
        (void)context;
        if (folder >= 0 && name[0] == 'd')
                return -ENOENT;
        *ret = (struct fs_object){ .fd = 100000, .folder = true };
        return 0;
}

/* Whether a rule's path is the first n bytes of this one, at a component's end. */
static bool is_at(const char *rule, const char *path, size_t n)
{
        if (strcmp(rule, "/") == 0)
                return n == 0;
        return strlen(rule) == n && strncmp(rule, path, n) == 0;
}

/* The capabilities that allow a right at the path, going down to it from the root, one rule after the other. */
static uint64_t allowed_at(const struct policy *p, const char *path, uint8_t right)
{
        uint64_t allow = 0;

        for (size_t n = 0; n <= strlen(path); n++) {
                if (path[n] && path[n] != '/')
                        continue;
                for (int i = 0; i < p->n_rules; i++)
                        if (p->rules[i].path && is_at(p->rules[i].path, path, n) && p->rules[i].allow & right)
                                allow |= 1ULL << p->rules[i].capability;
                for (int i = 0; i < p->n_rules; i++)
                        if (p->rules[i].path && is_at(p->rules[i].path, path, n) && p->rules[i].deny & right)
                                allow = 0;
        }
        return allow;
}

static void compare_files(const struct compiled *c, struct bytes *b)
{
        for (int i = 0; i < 8; i++) {
                const struct hf_node *node;
                char path[16];

                make_path(b, path);
                node = &compiled_find(c, path, NULL)->node;
                for (int r = 0; r < HF_RIGHTS; r++)
                        check(node->allow[r] == allowed_at(c->policy, strcmp(path, "/") == 0 ? "" : path, (uint8_t)(1u << r)));
        }
}

/* The part of the address space that stands apart in which the first bits of the address lie; written out here once more. */
static const char *part_of(const uint8_t addr[16], uint32_t bits)
{
        static const uint8_t metadata[16] = { 0xfd, 0x00, 0x0e, 0xc2, [14] = 0x02, 0x54 }, one[16] = { [15] = 1 }, none[16];

        if (!cidr_is_v4(addr, bits)) {
                if (bits == 128 && (!memcmp(addr, none, 16) || !memcmp(addr, one, 16) || !memcmp(addr, metadata, 16)))
                        return addr[15] == 1 ? "::1" : addr[0] ? "metadata" : "::";
                if (bits >= 8 && addr[0] == 0xff)
                        return "multicast";
                return bits >= 10 && addr[0] == 0xfe && (addr[1] & 0xc0) == 0x80 ? "link" : "";
        }
        if (bits == 128 && addr[12] == 100 && addr[13] == 100 && addr[14] == 100 && addr[15] == 200)
                return "metadata, IPv4";
        if (bits >= 112 && addr[12] == 169 && addr[13] == 254)
                return "link, IPv4";
        if (bits >= 104 && (addr[12] == 0 || addr[12] == 127))
                return addr[12] ? "loopback" : "zero";
        if (bits >= 100 && addr[12] >= 224)
                return addr[12] >= 240 ? "reserved" : "multicast, IPv4";
        return "IPv4";
}

/* What is asked of an address. */
struct asked_at {
        const uint8_t *addr;
        uint8_t proto;
        uint16_t port;
};

static bool is_about(const struct rule *r, const struct asked_at *at)
{
        return !r->path && !r->host && cidr_holds(r->addr, r->prefix, at->addr) && r->proto & at->proto && at->port >= r->port_from &&
               at->port <= r->port_to;
}

/* The capabilities that open it by address: those of rules that no denial at their own or a longer prefix is about. *denied: some is. */
static uint64_t allowed_by_address(const struct policy *p, const struct asked_at *at, bool *denied)
{
        uint64_t allow = 0;
        int longest = -1;

        for (int i = 0; i < p->n_rules; i++) {
                const struct rule *r = &p->rules[i];

                if (r->denies && is_about(r, at) && !strcmp(part_of(at->addr, 128), part_of(r->addr, r->prefix)))
                        longest = r->prefix > longest ? r->prefix : longest;
        }
        for (int i = 0; i < p->n_rules; i++) {
                const struct rule *r = &p->rules[i];

                if (!r->denies && r->prefix > longest && is_about(r, at) && !strcmp(part_of(at->addr, 128), part_of(r->addr, r->prefix)))
                        allow |= 1ULL << r->capability;
        }
        *denied = longest >= 0;
        return allow;
}

static void compare_egress(const struct compiled *c, const struct asked_at *at)
{
        const struct prefix *prefix = compiled_find_prefix(c, at->addr);
        bool denied;
        uint64_t expected = allowed_by_address(c->policy, at, &denied);

        for (int i = 0; i < CAPABILITIES; i++) {
                uint32_t rule;
                enum hf_why why = hf_egress_decide(prefix ? &prefix->egress : NULL, 1ULL << i, 0, at->proto, at->port, 0, &rule);

                check((why == HF_WHY_ALLOWED) == (expected >> i & 1));
                check((why == HF_WHY_RULE) == (!expected && denied));
                check((why == HF_WHY_NO_RULE) == (!expected && !denied));
                check(why != HF_WHY_RULE || c->policy->rules[rule - 1].denies);
        }
}

static void compare_ports(const struct compiled *c, const uint8_t addr[16])
{
        for (uint16_t port = 0; port < 8; port++) {
                compare_egress(c, &(struct asked_at){ addr, HF_TCP, port });
                compare_egress(c, &(struct asked_at){ addr, HF_UDP, port });
        }
}

/* Whether a rule denies the address, or the IPv4 one in it, to names: also from around the part that it lies in. */
static bool denied_to_names(const struct policy *p, const struct asked_at *at)
{
        static const uint8_t nat[12] = { 0x00, 0x64, 0xff, 0x9b };
        uint8_t inner[16] = { [10] = 0xff, [11] = 0xff };
        const struct asked_at within = { inner, at->proto, at->port };
        bool v4 = cidr_is_v4(at->addr, 128), holds = true;

        if (at->addr[0] == 0x20 && at->addr[1] == 0x02)
                memcpy(inner + 12, at->addr + 2, 4);
        else if (!memcmp(at->addr, nat, 12) || !memcmp(at->addr, (uint8_t[12]){ 0 }, 12))
                memcpy(inner + 12, at->addr + 12, 4);
        else
                holds = false;
        for (int i = 0; i < p->n_rules; i++) {
                const struct rule *r = &p->rules[i];

                if (!r->denies || r->host)
                        continue;
                if (is_about(r, at) && cidr_is_v4(r->addr, r->prefix) == v4)
                        return true;
                if (holds && is_about(r, &within) && cidr_is_v4(r->addr, r->prefix))
                        return true;
        }
        return false;
}

/* How exactly the rule speaks of the name: 0: not at all. */
static size_t exactness(const struct rule *r, const char *name)
{
        size_t n = strlen(name), length = r->host ? strlen(r->host) : 0;

        if (!r->host || r->host[0] != '*')
                return r->host && !strcmp(r->host, name) ? SIZE_MAX : 0;
        return n >= length && !strcmp(name + n - (length - 1), r->host + 1) ? length : 0;
}

/* Whether a denial by name, at the most exact one that any rule speaks of, is about it. */
static bool denied_by_name(const struct policy *p, const char *name, const struct asked_at *at)
{
        size_t most = 0;

        for (int i = 0; i < p->n_rules; i++)
                most = exactness(&p->rules[i], name) > most ? exactness(&p->rules[i], name) : most;
        for (int i = 0; i < p->n_rules && most; i++) {
                const struct rule *r = &p->rules[i];

                if (r->denies && exactness(r, name) == most && r->proto & at->proto && at->port >= r->port_from && at->port <= r->port_to)
                        return true;
        }
        return false;
}

/* The capabilities that a name opens a port to, going through the rules one after the other; *said: some rule speaks of the name. */
static uint64_t allowed_by_name(const struct policy *p, const char *name, const uint8_t *addr, uint8_t proto, uint16_t port, bool *said)
{
        uint64_t allow = 0;
        bool denied = false;
        size_t most = 0;

        for (int i = 0; i < p->n_rules; i++)
                most = exactness(&p->rules[i], name) > most ? exactness(&p->rules[i], name) : most;
        for (int i = 0; i < p->n_rules && most; i++) {
                const struct rule *r = &p->rules[i];

                if (exactness(r, name) != most || !(r->proto & proto) || port < r->port_from || port > r->port_to)
                        continue;
                denied |= r->denies;
                if (addr && !r->private && addr_is_special(addr))
                        continue;
                if (addr && r->host[0] == '*' && addr_is_apart(addr))
                        continue;
                allow |= 1ULL << r->capability;
        }
        *said = most;
        return denied ? 0 : allow;
}

/* The same at an address, where denials by address and what is opened again in them count too. */
static uint64_t allowed_at_address(const struct policy *p, const char *name, const struct asked_at *at)
{
        bool said, denied;
        uint64_t allow = allowed_by_name(p, name, at->addr, at->proto, at->port, &said);

        if (!allow || !denied_to_names(p, at))
                return allow;
        return allowed_by_address(p, at, &denied);
}

/* Whether a ceiling allows it to the name, be it by that or by address. */
static bool ceiling_allows(const struct policy *p, const char *name, const struct asked_at *at)
{
        bool said, denied;
        uint64_t by_address = allowed_by_address(p, at, &denied);

        if (denied_by_name(p, name, at))
                return false;
        return by_address || (allowed_by_name(p, name, at->addr, at->proto, at->port, &said) && !denied_to_names(p, at));
}

static void compare_asked(const struct compiled *c, const char *name)
{
        uint64_t any = 0;
        bool said = false;

        for (uint16_t port = 0; port < 8; port++)
                any |= allowed_by_name(c->policy, name, NULL, HF_TCP, port, &said) |
                       allowed_by_name(c->policy, name, NULL, HF_UDP, port, &said);
        for (int i = 0; i < CAPABILITIES; i++) {
                uint32_t rule;
                enum hf_why why = hosts_decide(c->hosts, name, 1ULL << i, &rule);

                check((why == HF_WHY_ALLOWED) == (any >> i & 1));
                check((why == HF_WHY_NO_RULE) == !said);
                check((why == HF_WHY_RULE) == (said && !any));
        }
}

static void compare_name(const struct compiled *c, const char *name, const uint8_t addr[16])
{
        struct hf_egress open = { 0 };
        int n = hosts_open(c->hosts, name, addr, 9, &open);

        compare_asked(c, name);
        if (n < 0)
                return; /* too many ranges, once they are split */
        check(n >= (int)open.count && !n == !open.count);
        for (int i = 0; i < 16 * CAPABILITIES; i++) {
                uint64_t live = 1ULL << i % CAPABILITIES;
                const struct asked_at at = { addr, i / CAPABILITIES % 2 ? HF_TCP : HF_UDP, (uint16_t)(i / CAPABILITIES / 2) };
                uint32_t rule;
                enum hf_why why = hf_egress_decide(&open, live, 0, at.proto, at.port, 8, &rule);

                check((why == HF_WHY_ALLOWED) == !!(allowed_at_address(c->policy, name, &at) & live));
        }
}

/* One of the policy's names for each number; "a" where it has none. */
static const char *name_of(const struct policy *p, int i)
{
        for (int tried = 0; tried < p->n_rules; tried++) {
                const struct rule *r = &p->rules[(i + tried) % p->n_rules];

                if (r->host)
                        return r->host;
        }
        return "a";
}

static void compare_names(const struct compiled *c, struct bytes *b)
{
        for (int i = 0; c->hosts && i < 8; i++) {
                uint8_t addr[16];
                char name[16];

                make_name(b, name);
                make_address(b, addr);
                compare_name(c, name, addr);
        }
        /* Where rules meet. */
        for (int i = 0; c->hosts && i < c->policy->n_rules; i++)
                if (!c->policy->rules[i].path && !c->policy->rules[i].host)
                        compare_name(c, name_of(c->policy, i), c->policy->rules[i].addr);
}

/* Under another policy as a ceiling it opens what both allow. */
static void compare_clipped(const struct compiled *c, const struct policy *ceiling, const uint8_t addr[16], const char *name)
{
        const struct prefix *prefix = compiled_find_prefix(c, addr);
        struct hf_egress open = { 0 };
        bool fits = c->hosts && hosts_open(c->hosts, name, addr, 9, &open) >= 0;

        for (int i = 0; i < 16; i++) {
                const struct asked_at at = { addr, i % 2 ? HF_TCP : HF_UDP, (uint16_t)(i / 2) };
                bool denied;
                uint64_t own = allowed_by_address(c->policy, &at, &denied), most = allowed_by_address(ceiling, &at, &denied);
                uint32_t rule;

                for (int j = 0; j < CAPABILITIES; j++)
                        check((hf_egress_decide(prefix ? &prefix->egress : NULL, 1ULL << j, 0, at.proto, at.port, 0, &rule) ==
                               HF_WHY_ALLOWED) == (most && own >> j & 1));
                own = allowed_at_address(c->policy, name, &at);
                for (int j = 0; fits && j < CAPABILITIES; j++)
                        check((hf_egress_decide(&open, 1ULL << j, 0, at.proto, at.port, 8, &rule) == HF_WHY_ALLOWED) ==
                              (own >> j & 1 && ceiling_allows(ceiling, name, &at)));
        }
}

static void compare_at_rules(const struct compiled *c, const struct policy *ceiling, const struct policy *rules)
{
        for (int i = 0; i < rules->n_rules; i++)
                if (!rules->rules[i].path && !rules->rules[i].host)
                        compare_clipped(c, ceiling, rules->rules[i].addr, name_of(i % 2 ? ceiling : c->policy, i));
}

static void check_under_another(const struct policy *policy, const struct fs_view *view, struct bytes *b)
{
        _cleanup_free_ char *text = make_policy(b);
        _cleanup_findings_ struct findings findings = FINDINGS_INIT;
        struct ceiling ceilings[HF_LAYERS] = { 0 };
        const struct policy_vars vars = { .ceilings = ceilings };
        struct policy *ceiling = NULL;
        struct compiled *clipped = NULL;

        check(policy_parse(text, strlen(text), &ceiling, &findings) == 0);
        ceilings[HF_LAYER_HOST] = (struct ceiling){ ceiling, "host" };
        if (policy_compile(policy, &vars, view, &clipped, &findings) == 0) {
                for (int i = 0; i < 8; i++) {
                        uint8_t addr[16];
                        char name[16];

                        make_name(b, name);
                        make_address(b, addr);
                        compare_clipped(clipped, ceiling, addr, name);
                }
                compare_at_rules(clipped, ceiling, policy);
                compare_at_rules(clipped, ceiling, ceiling);
        }
        compiled_free(clipped);
        policy_free(ceiling);
}

/* Under itself as a ceiling a policy opens the same by name. */
static void check_ceiling(const struct compiled *c, const struct compiled *clipped, struct bytes *b)
{
        for (int i = 0; c->hosts && i < 8; i++) {
                struct hf_egress own = { 0 }, both = { 0 };
                uint8_t addr[16];
                uint32_t rule;
                char name[16];

                make_name(b, name);
                make_address(b, addr);
                if (hosts_open(c->hosts, name, addr, 9, &own) < 0 || hosts_open(clipped->hosts, name, addr, 9, &both) < 0)
                        continue;
                for (uint16_t port = 0; port < 8; port++)
                        check(hf_egress_decide(&own, ~0ULL, 0, HF_TCP, port, 8, &rule) ==
                              hf_egress_decide(&both, ~0ULL, 0, HF_TCP, port, 8, &rule));
        }
}

static void compare(const struct compiled *c, struct bytes *b)
{
        compare_files(c, b);
        compare_names(c, b);
        for (int i = 0; i < 8; i++) {
                uint8_t addr[16];

                make_address(b, addr);
                compare_ports(c, addr);
        }
        for (int i = 0; i < c->policy->n_rules; i++)
                if (!c->policy->rules[i].path && !c->policy->rules[i].host)
                        compare_ports(c, c->policy->rules[i].addr);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static const char *const mounts[] = { "/a", "/b/c", "/a/a/a/a/a", NULL };
        struct policy_vars vars = { 0 };
        struct bytes b = { data, size }, half = { data + size / 2, size - size / 2 };
        _cleanup_free_ char *text = make_policy(&b);
        _cleanup_findings_ struct findings findings = FINDINGS_INIT;
        struct policy *policy = NULL;
        struct compiled *compiled = NULL, *clipped = NULL;
        struct ceiling ceilings[HF_LAYERS] = { 0 };
        int r;

        check(policy_parse(text, strlen(text), &policy, &findings) == 0);
        r = policy_compile(policy, &vars, &(struct fs_view){ open_folders, NULL, mounts }, &compiled, &findings);
        /* The one thing that can be wrong with them. */
        check(r == 0 || strstr(findings.list[0].what, "more than 16 different port ranges"));
        if (r == 0)
                compare(compiled, &b);
        ceilings[HF_LAYER_HOST] = (struct ceiling){ policy, "host" };
        vars.ceilings = ceilings;
        if (r == 0 && policy_compile(policy, &vars, &(struct fs_view){ open_folders, NULL, mounts }, &clipped, &findings) == 0)
                check_ceiling(compiled, clipped, &b);
        check_under_another(policy, &(struct fs_view){ open_folders, NULL, mounts }, &half);
        compiled_free(clipped);
        compiled_free(compiled);
        policy_free(policy);
        return 0;
}
