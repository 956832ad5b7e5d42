/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes policy_parse(), policy_load() and policy_compile() over a file system made of hashes. */
#include "base/cleanup.h"
#include "holdfast/decide.h"
#include "policy/policy.h"

#include <string.h>

#define FIRST_FD 100000 /* no file is open under these: closing them does nothing */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool good)
{
        if (!good)
                abort();
}

static uint32_t hash(uint32_t h, const char *text)
{
        while (*text)
                h = (h ^ (uint8_t)*text++) * 16777619u;
        return h ^ h >> 15;
}

/* What is below a folder depends on its number and the name: mostly folders, some files, symlinks, gaps and failures. */
static int open_hashed(void *context, int folder, const char *name, struct fs_object *ret)
{
        static const char *const targets[] = {
                "/", "..", ".", "a", "/a/b", "../../../x", "b/../c", "/usr/./lib//", "self", "/proc/self/fd", "l", "/etc/x"
        };
        uint32_t h = hash((uint32_t)folder * 2654435761u + *(uint32_t *)context, name);

        if (folder >= 0 && folder < FIRST_FD)
                abort();
        if (folder >= 0 && h % 16 == 0)
                return h % 1024 ? -ENOENT : -EACCES;
        *ret = (struct fs_object){ .fd = FIRST_FD + (int)(h % 1000), .folder = folder < 0 || h % 16 > 5 };
        if (folder >= 0 && h % 16 > 0 && h % 16 < 4)
                ret->target = strdup(targets[h / 16 % ARRAY_SIZE(targets)]);
        return 0;
}

static void check_place(const struct compiled *c, size_t i)
{
        const struct place *p = &c->places[i];

        check(i == 0 ? p->parent == -1 : p->parent >= 0 && (size_t)p->parent < i);
        check(i == 0 || c->places[p->parent].node.names == (uint32_t)p->parent + 1);
        check(p->node.names <= i + 1);
        check(i == 0 || !strcmp(p->name, PLACE_ANY) ||
              (p->name[0] && !strchr(p->name, '/') && strcmp(p->name, ".") != 0 && strcmp(p->name, "..") != 0));
        for (int r = 0; r < HF_RIGHTS; r++) {
                check(p->node.rule[r] <= (uint32_t)c->policy->n_rules);
                check(!p->node.allow[r] || p->node.rule[r]);
                check(!(p->node.deny & 1 << r) || (!p->node.allow[r] && p->node.rule[r]));
        }
        /* Above a mark there are marks. */
        check(!(p->node.flags & HF_NODE_WAY) || p->parent <= 0 || c->places[p->parent].node.flags & HF_NODE_WAY);
}

static void check_prefix(const struct compiled *c, size_t i)
{
        const struct prefix *p = &c->prefixes[i];

        check(p->bits <= 128 && p->egress.count <= HF_PORTS);
        check(i == 0 || memcmp(c->prefixes[i - 1].addr, p->addr, 16) <= 0);
        check(compiled_find_prefix(c, p->addr) != NULL);
        for (uint32_t j = 0; j < p->egress.count; j++) {
                const struct hf_port *port = &p->egress.port[j];

                check(port->rule && port->from <= port->to && !port->allow == !!(port->flags & HF_PORT_DENIED));
                check(j == 0 || !port->allow || port[-1].allow); /* what is denied comes last */
        }
}

static void check_compiled(const struct compiled *c)
{
        check(c->n_places >= 1);
        for (size_t i = 0; i < c->n_places; i++)
                check_place(c, i);
        for (size_t i = 0; i < c->n_prefixes; i++)
                check_prefix(c, i);
        for (int i = 0; i < c->policy->n_rules; i++)
                if (c->policy->rules[i].path)
                        check(compiled_find(c, c->policy->rules[i].path, NULL) != NULL);
}

/* Under itself as both ceilings it is what it is. */
static void check_under_itself(const struct compiled *c, struct policy_vars vars, const struct fs_view *view)
{
        const struct ceiling itself = { c->policy, "itself" }, ceilings[HF_LAYERS] = { { NULL, NULL }, itself, itself };
        _cleanup_findings_ struct findings findings = FINDINGS_INIT;
        struct compiled *same = NULL;

        vars.ceilings = ceilings;
        if (c->throttled) { /* a ceiling has no throttle */
                check(policy_compile(c->policy, &vars, view, &same, &findings) == -EINVAL && findings.total);
                return;
        }
        check(policy_compile(c->policy, &vars, view, &same, &findings) == 0 && !findings.total && !same->clipped);
        check(same->n_places == c->n_places && same->n_prefixes == c->n_prefixes && same->active == c->active);
        for (size_t i = 0; i < c->n_places; i++)
                check(!memcmp(&same->places[i].node, &c->places[i].node, sizeof(c->places[i].node)));
        for (size_t i = 0; i < c->n_prefixes; i++)
                check(!memcmp(&same->prefixes[i].egress, &c->prefixes[i].egress, sizeof(c->prefixes[i].egress)));
        compiled_free(same);
}

static void check_findings(const struct findings *f, bool failed)
{
        check(failed == (f->total > 0));
        for (int i = 0; i < f->count; i++)
                check(f->list[i].where[0] == '$' && f->list[i].what[0] && !strpbrk(f->list[i].what, "\x1b\r\n"));
}

/* The library: "base" is a sound policy, every other name is the input itself, in a file of that name. */
struct input {
        const uint8_t *data;
        size_t size;
};

static int read_input(void *context, const char *name, const char *from, char **text, size_t *length, char **file, struct error *e)
{
        static const char base[] = "{\"holdfast\":1,\"name\":\"base\",\"limits\":{\"pids\":9},\"capabilities\":{\"base\":{\"files\":"
                                   "[{\"path\":\"/a\",\"allow\":\"r\"}]},\"a\":{}}}";
        const struct input *in = context;
        const bool sound = !strcmp(name, "base");

        (void)e;
        check(name[0] && !strchr(name, '/') && (!from || !strncmp(from, "/lib/", 5)));
        *length = sound ? strlen(base) : in->size;
        *text = malloc(*length + 1);
        check(*text && asprintf(file, "/lib/%s.json", name) > 0);
        memcpy(*text, sound ? (const void *)base : in->data, *length);
        (*text)[*length] = '\0';
        return 0;
}

/* What comes out of a chain stands by itself, and says the same again. */
static void check_load(const uint8_t *data, size_t size, bool parses)
{
        struct input in = { data, size };
        const struct policy_library library = { read_input, &in };
        _cleanup_findings_ struct findings findings = FINDINGS_INIT, none = FINDINGS_INIT;
        struct policy *policy = NULL, *again = NULL;
        char *whole = NULL;
        const int r = policy_load((const char *)data, size, NULL, &library, &policy, &whole, &findings);

        check((r < 0) == (findings.total > 0) && (r == 0) == (policy != NULL) && (r == 0) == (whole != NULL));
        check(!parses || r == 0);
        for (int i = 0; i < findings.count; i++)
                check((findings.list[i].where[0] == '$' || !strncmp(findings.list[i].where, "/lib/", 5)) &&
                      !strpbrk(findings.list[i].what, "\x1b\r\n"));
        if (r < 0)
                return;
        check(policy_parse(whole, strlen(whole), &again, &none) == 0 && !none.total);
        check(again->n_rules == policy->n_rules && again->n_capabilities == policy->n_capabilities && !strcmp(again->name, policy->name));
        policy_free(again);
        policy_free(policy);
        free(whole);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static const char *const mounts[] = { "/", "/a", "/a/b/c", "/usr/lib/x", "/srv/ws/.git", "/proc", "relative", "", NULL };
        static const struct policy_vars vars = { "/srv/ws", "/home/u", "u", "/tmp" };
        uint32_t seed = size ? data[size - 1] : 0;
        struct fs_view view = { open_hashed, &seed, mounts };
        _cleanup_findings_ struct findings findings = FINDINGS_INIT;
        _cleanup_findings_ struct findings more = FINDINGS_INIT;
        struct policy *policy = NULL;
        struct compiled *compiled = NULL;
        int r;

        r = policy_parse((const char *)data, size, &policy, &findings);
        check_findings(&findings, r < 0);
        check((r == 0) == (policy != NULL));
        check_load(data, size, r == 0);
        if (r < 0)
                return 0;
        r = policy_compile(policy, &vars, &view, &compiled, &more);
        check_findings(&more, r < 0);
        check((r == 0) == (compiled != NULL));
        if (compiled) {
                check_compiled(compiled);
                check_under_itself(compiled, vars, &view);
        }
        compiled_free(compiled);
        policy_free(policy);
        return 0;
}
