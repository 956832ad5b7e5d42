/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes policies out of bytes, compiles them, and compares what the compiled form decides with what the rules say when they are
 * read one after the other.
 */
#include "base/cleanup.h"
#include "holdfast/decide.h"
#include "policy/policy.h"
#include "policy/values.h"

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
        uint8_t kind = next(b), where = next(b), value = next(b);

        memset(addr, 0, 16);
        if (kind & 1)
                addr[10] = addr[11] = 0xff;
        if (kind & 2)
                addr[12 + where % 4] = value;
        else if (!(kind & 1))
                addr[where % 16] = value;
        return kind & 1;
}

static void make_egress_rule(struct bytes *b, FILE *f)
{
        uint8_t addr[16], ports;
        bool v4 = make_address(b, addr);
        uint32_t bits = v4 ? 96 + next(b) % 33 : next(b) % 129;
        char text[64];

        for (uint32_t i = bits; i < 128; i++)
                addr[i / 8] &= (uint8_t) ~(0x80u >> i % 8);
        ports = next(b);
        /* An IPv6 rule that happens to lie in IPv4's part is written as IPv4. */
        fprintf(f, "{\"cidr\":\"%s\",\"port\":\"%d-%d\"", cidr_format(addr, bits, text), ports % 4, ports % 4 + ports / 4 % 4);
        if (ports >> 6)
                fprintf(f, ",\"proto\":\"%s\"", ports >> 6 == 1 ? "tcp" : "udp");
        fputc('}', f);
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

static void compare_egress(const struct compiled *c, const uint8_t addr[16], uint8_t proto, uint16_t port)
{
        const struct prefix *prefix = compiled_find_prefix(c, addr);
        uint64_t expected = 0;

        for (int i = 0; i < c->policy->n_rules; i++) {
                const struct rule *r = &c->policy->rules[i];

                if (!r->path && cidr_holds(r->addr, r->prefix, addr) && cidr_is_v4(addr, 128) == cidr_is_v4(r->addr, r->prefix) &&
                    r->proto & proto && port >= r->port_from && port <= r->port_to)
                        expected |= 1ULL << r->capability;
        }
        for (int i = 0; i < CAPABILITIES; i++) {
                uint32_t rule;
                enum hf_why why = hf_egress_decide(prefix ? &prefix->egress : NULL, 1ULL << i, proto, port, 0, &rule);

                check((why == HF_WHY_ALLOWED) == (expected >> i & 1));
                check((why == HF_WHY_NO_RULE) == !expected);
        }
}

static void compare(const struct compiled *c, struct bytes *b)
{
        compare_files(c, b);
        for (int i = 0; i < 8; i++) {
                uint8_t addr[16];

                make_address(b, addr);
                for (uint16_t port = 0; port < 8; port++) {
                        compare_egress(c, addr, HF_TCP, port);
                        compare_egress(c, addr, HF_UDP, port);
                }
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static const char *const mounts[] = { "/a", "/b/c", "/a/a/a/a/a", NULL };
        static const struct policy_vars vars = { 0 };
        struct bytes b = { data, size };
        _cleanup_free_ char *text = make_policy(&b);
        _cleanup_findings_ struct findings findings = FINDINGS_INIT;
        struct policy *policy = NULL;
        struct compiled *compiled = NULL;
        int r;

        check(policy_parse(text, strlen(text), &policy, &findings) == 0);
        r = policy_compile(policy, &vars, &(struct fs_view){ open_folders, NULL, mounts }, &compiled, &findings);
        /* The one thing that can be wrong with them. */
        check(r == 0 || strstr(findings.list[0].what, "more than 16 different port ranges"));
        if (r == 0)
                compare(compiled, &b);
        compiled_free(compiled);
        policy_free(policy);
        return 0;
}
