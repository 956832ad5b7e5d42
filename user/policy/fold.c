/* SPDX-License-Identifier: Apache-2.0 */
/* What each place inherits, per layer and right: the nearest rule wins, and at one place a denial beats an allowance. */
#include "policy/compile.h"

#include "holdfast/decide.h"

#include <string.h>

static void fold_allow(struct hf_node *node, const struct say *say, uint8_t rights)
{
        for (int i = 0; i < HF_RIGHTS; i++) {
                if (!(say->allow & rights & (1u << i)))
                        continue;
                node->allow[i] |= 1ULL << say->capability;
                node->rule[i] = say->rule;
                node->deny &= (__u8) ~(1u << i);
        }
}

static void fold_deny(struct hf_node *node, const struct say *say)
{
        for (int i = 0; i < HF_RIGHTS; i++) {
                if (!(say->deny & (1u << i)))
                        continue;
                node->allow[i] = 0;
                node->rule[i] = say->rule;
                node->deny |= (__u8)(1u << i);
        }
}

static void fold_seal(struct hf_node *node, uint8_t sealed)
{
        const struct say say = { .rule = HF_RULE_SEAL, .deny = sealed };

        fold_deny(node, &say);
}

static struct hf_node *layer_node(struct tree *t, enum hf_layer layer, size_t place)
{
        return layer == HF_LAYER_POLICY ? &t->places[place].node : &t->ceilings[layer][place];
}

/* Where a rule names the content nothing else gives x: no folder above, and no other rule for the same path. */
static uint8_t rights_of(const struct spot *spot, const struct say *say)
{
        return spot->content & 1u << say->layer && !say->content ? HF_RIGHTS_ALL & ~HF_EXEC : HF_RIGHTS_ALL;
}

static void fold_layer(struct tree *t, enum hf_layer layer, size_t place)
{
        struct hf_node *node = layer_node(t, layer, place);
        int parent = t->places[place].parent;

        *node = parent >= 0 ? *layer_node(t, layer, (size_t)parent) : (struct hf_node){ 0 };
        node->flags = t->spots[place].content & 1u << layer ? HF_NODE_CONTENT : 0;
        if (node->flags)
                node->allow[hf_right_index(HF_EXEC)] = 0;
        for (uint32_t i = t->spots[place].first; i; i = t->says[i - 1].next)
                if (t->says[i - 1].layer == layer)
                        fold_allow(node, &t->says[i - 1], rights_of(&t->spots[place], &t->says[i - 1]));
        for (uint32_t i = t->spots[place].first; i; i = t->says[i - 1].next)
                if (t->says[i - 1].layer == layer)
                        fold_deny(node, &t->says[i - 1]);
}

/* A place that patterns may match. */
struct match {
        struct tree *t;
        int place;
};

static int match_say(void *context, const struct say *say)
{
        const struct match *m = context;

        return tree_say(m->t, m->place, say);
}

/* How far patterns have come at a place; those that end there speak there. */
static int match_patterns(struct tree *t, size_t place)
{
        const struct place *p = &t->places[place];
        struct spot *spot = &t->spots[place];
        uint32_t above = p->parent >= 0 ? t->spots[p->parent].set : 0;
        struct match m = { t, (int)place };
        bool way;
        int r;

        if (!above && !spot->based)
                return 0;
        r = patterns_step(&t->patterns, above, p->name, spot->based ? (int)place : -1, match_say, &m, &way);
        if (r < 0)
                return r;
        spot->set = (uint32_t)r;
        spot->flags |= way ? HF_NODE_FOLDER : 0;
        return 0;
}

static int fold_place(struct tree *t, size_t place)
{
        int parent = t->places[place].parent, r = match_patterns(t, place);

        if (r < 0)
                return r;
        if (parent >= 0)
                t->spots[place].sealed |= t->spots[parent].sealed;
        fold_layer(t, HF_LAYER_POLICY, place);
        fold_seal(&t->places[place].node, t->spots[place].sealed);
        for (int layer = 0; layer < HF_LAYERS; layer++)
                if (t->ceilings[layer])
                        fold_layer(t, (enum hf_layer)layer, place);
        return 0;
}

int tree_fold(struct tree *t, size_t first)
{
        int r = 0;

        for (size_t i = first; i < t->n_places && r == 0; i++)
                r = fold_place(t, i);
        return r;
}

static bool rule_decides(const struct hf_node *node)
{
        return node->rule[0] || node->rule[1] || node->rule[2] || node->rule[3];
}

static int mount_place(struct tree *t, const char *path)
{
        const char *rest;
        int place = tree_deepest(t->index, t->places, path, &rest);

        if (!rule_decides(&t->places[place].node) && !t->spots[place].set)
                return 0;
        while (*rest && t->spots[place].folder) {
                size_t length = strcspn(rest, "/"), first = t->n_places;
                int child = tree_child(t, place, rest, length), r;

                if (child < 0)
                        return tree_is_full(child) ? child : 0;
                r = tree_fold(t, first);
                if (r < 0)
                        return r;
                place = child;
                rest += length + strspn(rest + length, "/");
        }
        return 0;
}

int tree_mounts(struct tree *t, const char *const *mounts)
{
        int r = 0;

        for (; mounts && *mounts && r == 0; mounts++)
                if (**mounts == '/')
                        r = mount_place(t, *mounts);
        return r;
}

/* Marks all places above, except for the root, which nobody can move. */
static void mark_way(struct tree *t, int place)
{
        for (place = t->places[place].parent; place > 0 && !(t->places[place].node.flags & HF_NODE_WAY); place = t->places[place].parent)
                t->places[place].node.flags |= HF_NODE_WAY;
}

void tree_finish(struct tree *t)
{
        for (size_t i = 0; i < t->n_places; i++) {
                const size_t table = t->spots[i].table >= 0 ? (size_t)t->spots[i].table : i;

                t->places[i].node.names = t->spots[table].children ? (__u32)table + 1 : 0;
                t->places[i].node.flags |= t->spots[i].flags;
                t->places[i].ruled = t->spots[i].ruled;
                if (t->spots[i].ruled & 1u << HF_LAYER_POLICY)
                        t->places[i].node.flags |= HF_NODE_NAMED;
                if (t->spots[i].denied)
                        mark_way(t, (int)i);
        }
        for (size_t i = 0; i < t->patterns.n; i++) {
                const int base = t->patterns.list[i].base;

                if (!base || !t->patterns.list[i].say.deny)
                        continue;
                t->places[base].node.flags |= HF_NODE_WAY;
                mark_way(t, base);
        }
        /* Only now: a link's own mark must not stop the marks of what lies above it. */
        for (size_t i = 0; i < t->n_places; i++)
                if (t->spots[i].denied && t->spots[i].target)
                        t->places[i].node.flags |= HF_NODE_WAY;
}
