/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Places for the names that patterns match. A state is such a place; from states that are alike, in how far patterns have come and in what
 * they inherit, names lead on alike. So one table serves them all, and the places are few even where "**" matches without end.
 */
#include "policy/compile.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

/* What tells states apart. */
struct state {
        struct hf_node nodes[HF_LAYERS];
        uint32_t set;
        uint8_t sealed;
        int place; /* the first that was so; not compared */
};

static int state_compare(const void *a, const void *b)
{
        return memcmp(a, b, offsetof(struct state, place));
}

static void state_fill(const struct tree *t, int place, struct state *s)
{
        memset(s, 0, sizeof(*s)); /* padding is compared too */
        s->nodes[HF_LAYER_POLICY] = t->places[place].node;
        for (int layer = 0; layer < HF_LAYERS; layer++)
                if (t->ceilings[layer])
                        s->nodes[layer] = t->ceilings[layer][place];
        s->set = t->spots[place].set;
        s->sealed = t->spots[place].sealed;
        s->place = place;
}

/* Gives a state the table of the first that is like it. */
static int share(struct tree *t, int place, void **known)
{
        struct state *s = malloc(sizeof(*s)), **found;

        if (!s)
                return -ENOMEM;
        state_fill(t, place, s);
        found = tsearch(s, known, state_compare);
        if (!found) {
                free(s);
                return -ENOMEM;
        }
        if (*found != s) {
                t->spots[place].table = (*found)->place;
                free(s);
        }
        return 0;
}

/* Makes the place of a name, or of all others, below another. */
static int make_state(struct tree *t, int parent, const char *name, void **known)
{
        int place = tree_state(t, parent, name), r;

        if (place < 0)
                return place;
        r = tree_fold(t, (size_t)place);
        if (r < 0)
                return r;
        if (!t->spots[place].ruled)
                t->spots[place].flags |= HF_NODE_PASS;
        return t->spots[place].set ? share(t, place, known) : 0;
}

static int make_names(struct tree *t, int place, void **known)
{
        const char **names;
        size_t n;
        int r = patterns_names(&t->patterns, t->spots[place].set, &names, &n);

        if (r < 0)
                return r;
        for (size_t i = 0; i < n && r == 0; i++)
                if (place_index_find(t->index, t->places, place, names[i], strlen(names[i])) < 0)
                        r = make_state(t, place, names[i], known);
        free(names);
        return r;
}

static int count(void *context, const struct say *say)
{
        (void)say;
        ++*(int *)context;
        return 0;
}

/* All names that have no place of their own. */
static int make_others(struct tree *t, int place, void **known)
{
        struct spot *spot = &t->spots[place];
        bool way;
        int matches = 0, set = patterns_step(&t->patterns, spot->set, PLACE_ANY, -1, count, &matches, &way);

        if (set < 0)
                return set;
        if (!matches && !set)
                return 0;
        if (spot->state && !matches && (uint32_t)set == spot->set) {
                spot->flags |= HF_NODE_DEEP;
                return 0;
        }
        spot->flags |= HF_NODE_ANY;
        return make_state(t, place, PLACE_ANY, known);
}

/* Whether anything can be below a place. */
static bool is_open(const struct tree *t, size_t place)
{
        const struct spot *spot = &t->spots[place];

        return spot->set && !spot->target && spot->table < 0 && (t->places[place].fd < 0 || spot->folder);
}

/* States that share a table are marked alike. */
static void mark_states(struct tree *t)
{
        for (size_t i = 0; i < t->n_places; i++) {
                struct spot *spot = &t->spots[i];
                const struct spot *table = spot->table >= 0 ? &t->spots[spot->table] : spot;

                spot->flags |= table->flags & (HF_NODE_ANY | HF_NODE_DEEP);
                if (spot->set && table->children)
                        spot->flags |= HF_NODE_PATTERN;
        }
}

int tree_states(struct tree *t)
{
        void *known = NULL;
        int r = 0;

        for (size_t i = 0; i < t->n_places && r == 0; i++) {
                if (!is_open(t, i))
                        continue;
                r = make_names(t, (int)i, &known);
                if (r == 0)
                        r = make_others(t, (int)i, &known);
        }
        tdestroy(known, free);
        if (r == 0)
                mark_states(t);
        return r;
}
