/* SPDX-License-Identifier: Apache-2.0 */
/* Ceilings: what several layers allow at one place, in one node, and which of them refused. */
#include "policy/compile.h"

#include "base/cleanup.h"
#include "holdfast/decide.h"

#include <errno.h>
#include <string.h>

_Static_assert(POLICY_RULES_MAX < 1 << HF_RULE_LAYER_SHIFT, "a rule's number and its layer fit into one word");

static const char *const names[HF_LAYERS] = { [HF_LAYER_POLICY] = "policy", [HF_LAYER_USER] = "user", [HF_LAYER_HOST] = "host" };

const char *layer_name(unsigned layer)
{
        return layer < HF_LAYERS ? names[layer] : "unknown";
}

/* Whether the ceiling is the one to name: it takes what was allowed until here, or denies what no rule has spoken of. */
static bool refuses(const struct hf_node *node, const struct hf_node *ceiling, int right)
{
        if (ceiling->allow[right])
                return false;
        return node->allow[right] || (!node->rule[right] && (ceiling->deny & (1u << right)));
}

/* Holds the place to the contents that the ceiling names, by whose rule where no layer before it names any. */
static void content_clip(struct hf_node *node, const struct hf_node *ceiling)
{
        const int x = hf_right_index(HF_EXEC);

        if (!(ceiling->flags & HF_NODE_CONTENT))
                return;
        if (!(node->flags & HF_NODE_CONTENT) && node->allow[x])
                node->rule[x] = ceiling->rule[x];
        node->flags |= HF_NODE_CONTENT;
}

/* Takes what the ceiling does not allow, and names it where the layers before have not refused already. Whether anything was taken. */
static bool node_clip(struct hf_node *node, const struct hf_node *ceiling, enum hf_layer layer)
{
        bool taken = false;

        for (int i = 0; i < HF_RIGHTS; i++) {
                if (!refuses(node, ceiling, i))
                        continue;
                taken |= node->allow[i] != 0;
                node->allow[i] = 0;
                node->deny |= (__u8)(1u << i);
                node->rule[i] = ceiling->rule[i] ? ceiling->rule[i] : hf_rule(layer, 0);
        }
        content_clip(node, ceiling);
        return taken;
}

int places_clip(struct compiled *c)
{
        struct hf_node *own = reallocarray(NULL, c->n_places, sizeof(*own));

        if (!own)
                return -ENOMEM;
        c->layers[HF_LAYER_POLICY] = own;
        for (size_t i = 0; i < c->n_places; i++) {
                own[i] = c->places[i].node;
                for (int layer = HF_LAYER_POLICY + 1; layer < HF_LAYERS; layer++)
                        if (c->layers[layer])
                                c->clipped |= node_clip(&c->places[i].node, &c->layers[layer][i], (enum hf_layer)layer);
        }
        return 0;
}

static const struct hf_node *node_by_itself(const struct compiled *c, enum hf_layer layer, size_t place)
{
        return c->layers[layer] ? &c->layers[layer][place] : &c->places[place].node;
}

/* What the layer says of an object that is at all these places. */
static struct hf_node layer_meet(const struct compiled *c, enum hf_layer layer, const size_t *places, size_t n)
{
        const unsigned speaks = 1u << layer;
        struct hf_node node;
        size_t first = 0;

        while (first < n && !(c->places[places[first]].ruled & speaks))
                first++;
        first = first == n ? 0 : first;
        node = *node_by_itself(c, layer, places[first]);
        for (size_t i = 0; i < n; i++)
                if (i != first && !((c->places[places[i]].ruled ^ c->places[places[first]].ruled) & speaks))
                        node_meet(&node, node_by_itself(c, layer, places[i]));
        return node;
}

/* Marks are of the place rather than of a layer: those of every place where some layer speaks, or of all where none does. */
static __u16 flags_meet(const struct compiled *c, const size_t *places, size_t n)
{
        const __u16 patterns = HF_NODE_PATTERN | HF_NODE_ANY | HF_NODE_DEEP | HF_NODE_FOLDER;
        __u16 spoken = 0, all = 0;
        bool any = false;

        for (size_t i = 0; i < n; i++) {
                const struct place *place = &c->places[places[i]];

                all |= place->node.flags;
                spoken |= place->ruled ? place->node.flags : 0;
                any |= place->ruled != 0;
        }
        return any ? spoken | (all & patterns) : all;
}

static bool rights_equal(const struct hf_node *a, const struct hf_node *b)
{
        return !memcmp(a->allow, b->allow, sizeof(a->allow)) && !memcmp(a->rule, b->rule, sizeof(a->rule)) && a->deny == b->deny;
}

/* Whether names lead on from each of the places by the table of one of them: what patterns inherit there is what they all will be. */
static bool patterns_meet(const struct compiled *c, const struct hf_node *node, const size_t *places, size_t n)
{
        size_t tables = 0, patterns = 0;

        for (size_t i = 0; i < n; i++) {
                const struct hf_node *one = &c->places[places[i]].node;

                tables += one->names != 0;
                if (!(one->flags & HF_NODE_PATTERN))
                        continue;
                patterns++;
                if (!rights_equal(one, node))
                        return false;
        }
        return !patterns || tables == 1;
}

int compiled_meet(struct compiled *c, const size_t *places, size_t n)
{
        struct hf_node node = layer_meet(c, HF_LAYER_POLICY, places, n);

        for (int layer = HF_LAYER_POLICY + 1; layer < HF_LAYERS; layer++) {
                struct hf_node ceiling;

                if (!c->layers[layer])
                        continue;
                ceiling = layer_meet(c, (enum hf_layer)layer, places, n);
                node_clip(&node, &ceiling, (enum hf_layer)layer);
        }
        if (!patterns_meet(c, &node, places, n))
                return -EXDEV;
        node.flags = flags_meet(c, places, n);
        for (size_t i = 0; i < n; i++) {
                node.names = c->places[places[i]].node.names;
                c->places[places[i]].node = node;
        }
        return 0;
}

void node_meet(struct hf_node *node, const struct hf_node *other)
{
        for (int i = 0; i < HF_RIGHTS; i++) {
                bool narrower = (node->allow[i] & ~other->allow[i]) || (!node->rule[i] && !node->allow[i]);

                node->allow[i] &= other->allow[i];
                if (narrower && !(node->deny & (1u << i)))
                        node->rule[i] = other->rule[i];
        }
        node->deny |= other->deny;
        node->flags |= other->flags;
}

/* 0 is no limit. */
static uint64_t lower(uint64_t a, uint64_t b)
{
        return !a || (b && b < a) ? b : a;
}

struct limits policy_limits(const struct policy *p, const struct ceiling *ceilings)
{
        struct limits limits = p ? p->limits : (struct limits){ 0 };

        for (int layer = 0; ceilings && layer < HF_LAYERS; layer++) {
                const struct limits *most = ceilings[layer].policy ? &ceilings[layer].policy->limits : NULL;

                if (!most)
                        continue;
                limits.memory = lower(limits.memory, most->memory);
                limits.cpu = (uint32_t)lower(limits.cpu, most->cpu);
                limits.pids = (uint32_t)lower(limits.pids, most->pids);
                limits.files = (uint32_t)lower(limits.files, most->files);
                limits.disk = lower(limits.disk, most->disk);
                limits.sent = lower(limits.sent, most->sent);
                limits.wall = lower(limits.wall, most->wall);
                limits.idle = lower(limits.idle, most->idle);
        }
        return limits;
}

uint32_t policy_on_revoke(const struct policy *p, const struct ceiling *ceilings)
{
        uint32_t strength = p && p->on_revoke ? p->on_revoke : HF_KILL_KILL;

        for (int layer = 0; ceilings && layer < HF_LAYERS; layer++)
                if (ceilings[layer].policy && ceilings[layer].policy->on_revoke == HF_KILL_KILL)
                        strength = HF_KILL_KILL;
        return strength;
}

uint32_t policy_on_control_loss(const struct policy *p, const struct ceiling *ceilings)
{
        uint32_t strength = p ? p->on_control_loss : 0;

        for (int layer = 0; ceilings && layer < HF_LAYERS; layer++)
                if (ceilings[layer].policy && strength != HF_KILL_KILL && ceilings[layer].policy->on_control_loss)
                        strength = ceilings[layer].policy->on_control_loss;
        return strength;
}
