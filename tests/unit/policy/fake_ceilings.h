/* SPDX-License-Identifier: Apache-2.0 */
/* A policy compiled under ceilings, over a file system that is made up; and what it then decides. */
#ifndef HOLDFAST_TESTS_FAKE_CEILINGS_H
#define HOLDFAST_TESTS_FAKE_CEILINGS_H

#include "unit/policy/fake_fs.h"

#include <arpa/inet.h>

#include "holdfast/decide.h"

#define FILE_USER "/c/users/u.json"
#define FILE_HOST "/c/host.json"

/* A policy compiled under ceilings; a NULL text is no ceiling. */
struct clipped {
        struct policy *layers[HF_LAYERS];
        struct compiled *compiled;
        struct findings findings;
        struct fake_fs fs;
};

static inline void clipped_clear(struct clipped *c)
{
        compiled_free(c->compiled);
        for (int i = 0; i < HF_LAYERS; i++)
                policy_free(c->layers[i]);
        findings_clear(&c->findings);
}
#define _cleanup_clipped_ _cleanup_(clipped_clear)

static const struct fake tree[] = {
        { "/usr", 'd', NULL },
        { "/etc", 'd', NULL },
        { "/etc/shadow", 'f', NULL },
        { "/srv", 'd', NULL },
        { "/srv/ws", 'd', NULL },
        { "/srv/ws/keys", 'd', NULL },
        { "/srv/ws/keys/public", 'd', NULL },
        { "/srv/ws/link", 'l', "/data/real" },
        { "/data", 'd', NULL },
        { "/data/real", 'd', NULL },
        { "/loop", 'l', "loop" },
        { "/mnt", 'd', NULL },
        { NULL, 0, NULL },
};

static inline int try_compile(struct clipped *c, const char *const *mounts, const char *policy, const char *user, const char *host)
{
        const char *const texts[HF_LAYERS] = { policy, user, host };
        struct policy_vars vars = fake_vars;
        struct ceiling ceilings[HF_LAYERS] = { 0 };

        for (int i = 0; i < HF_LAYERS; i++)
                c->layers[i] = texts[i] ? parsed(texts[i]) : NULL;
        ceilings[HF_LAYER_USER] = (struct ceiling){ c->layers[HF_LAYER_USER], FILE_USER };
        ceilings[HF_LAYER_HOST] = (struct ceiling){ c->layers[HF_LAYER_HOST], FILE_HOST };
        vars.ceilings = ceilings;
        c->fs = (struct fake_fs){ .objects = tree };
        return policy_compile(c->layers[0], &vars, &(struct fs_view){ fake_open, &c->fs, mounts }, &c->compiled, &c->findings);
}

static inline void compile_under(struct clipped *c, const char *policy, const char *user, const char *host)
{
        int r = try_compile(c, NULL, policy, user, host);

        if (r == 0)
                return;
        print_findings(&c->findings);
        fail();
}

static inline const struct hf_node *node_at(const struct clipped *c, const char *path)
{
        return &compiled_find(c->compiled, path, NULL)->node;
}

/* How a connection is decided with all capabilities on. */
static inline enum hf_why decide(const struct clipped *c, const char *address, __u32 proto, __u32 port, __u32 *rule)
{
        uint8_t addr[16] = { [10] = 0xff, [11] = 0xff };
        const struct prefix *p;

        if (strchr(address, ':'))
                assert_int_equal(inet_pton(AF_INET6, address, addr), 1);
        else
                assert_int_equal(inet_pton(AF_INET, address, addr + 12), 1);
        p = compiled_find_prefix(c->compiled, addr);
        return hf_egress_decide(p ? &p->egress : NULL, ~0ULL, 0, proto, port, 0, rule);
}

static inline bool opens(const struct clipped *c, const char *address, __u32 proto, __u32 port)
{
        __u32 rule;

        return decide(c, address, proto, port, &rule) == HF_WHY_ALLOWED;
}

#define USER(number) hf_rule(HF_LAYER_USER, number)
#define HOST(number) hf_rule(HF_LAYER_HOST, number)

/* Every address. */
#define ANY "{\"cidr\":\"0.0.0.0/0\"},{\"cidr\":\"::/0\"}"

#endif
