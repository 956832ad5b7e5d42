/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/pattern.h"

#include "base/cleanup.h"

#include <errno.h>
#include <string.h>

static bool is_any(const char *name)
{
        return strcmp(name, "*") == 0;
}

static bool is_any_number(const char *name)
{
        return strcmp(name, "**") == 0;
}

int patterns_add(struct patterns *ps, int base, const char *text, const struct say *say)
{
        struct pattern *grown = reallocarray(ps->list, ps->n + 1, sizeof(*grown)), *p;
        char *rest;

        if (!grown)
                return -ENOMEM;
        ps->list = grown;
        p = &grown[ps->n];
        *p = (struct pattern){ .base = base, .say = *say, .text = strdup(text) };
        if (!p->text)
                return -ENOMEM;
        p->say.pattern = true;
        for (char *name = strtok_r(p->text, "/", &rest); name && p->n < PATTERN_NAMES_MAX; name = strtok_r(NULL, "/", &rest))
                p->names[p->n++] = name;
        ps->n++;
        return 0;
}

void patterns_clear(struct patterns *ps)
{
        for (size_t i = 0; i < ps->n; i++)
                free(ps->list[i].text);
        for (size_t i = 0; i < ps->n_sets; i++)
                free(ps->sets[i].items);
        free(ps->list);
        free(ps->sets);
        *ps = (struct patterns){ 0 };
}

/* A set while it is made. */
struct making {
        uint32_t *items;
        size_t n;
};

/* Adds that so much of a pattern has been matched; "**" may stand for nothing. */
static void put(struct making *m, const struct patterns *ps, uint32_t pattern, int steps)
{
        m->items[m->n++] = pattern * PATTERN_STEPS + (uint32_t)steps;
        if (is_any_number(ps->list[pattern].names[steps]))
                m->items[m->n++] = pattern * PATTERN_STEPS + (uint32_t)steps + 1;
}

static int item_compare(const void *a, const void *b)
{
        const uint32_t *x = a, *y = b;

        return (*x > *y) - (*x < *y);
}

static void sort(struct making *m)
{
        size_t n = 0;

        qsort(m->items, m->n, sizeof(*m->items), item_compare);
        for (size_t i = 0; i < m->n; i++)
                if (!n || m->items[n - 1] != m->items[i])
                        m->items[n++] = m->items[i];
        m->n = n;
}

/* The number of a set, which is taken over. */
static int number(struct patterns *ps, struct making *m)
{
        struct pattern_set *grown;

        if (!m->n)
                return 0;
        for (size_t i = 0; i < ps->n_sets; i++)
                if (ps->sets[i].n == m->n && memcmp(ps->sets[i].items, m->items, m->n * sizeof(*m->items)) == 0)
                        return (int)i + 1;
        if (ps->n_sets >= PATTERN_SETS_MAX)
                return -E2BIG;
        grown = reallocarray(ps->sets, ps->n_sets + 1, sizeof(*grown));
        if (!grown)
                return -ENOMEM;
        ps->sets = grown;
        ps->sets[ps->n_sets++] = (struct pattern_set){ m->items, m->n };
        m->items = NULL;
        return (int)ps->n_sets;
}

static const struct pattern_set *set_of(const struct patterns *ps, uint32_t set)
{
        static const struct pattern_set empty;

        return set ? &ps->sets[set - 1] : &empty;
}

int patterns_step(struct patterns *ps, uint32_t set, const char *name, int base, int (*match)(void *context, const struct say *say),
                  void *context, bool *way)
{
        const struct pattern_set *from = set_of(ps, set);
        struct making m = { .items = calloc(4 * from->n + 2 * ps->n + 1, sizeof(*m.items)) };
        int r = m.items ? 0 : -ENOMEM;

        *way = false;
        for (size_t i = 0; i < from->n && r >= 0; i++) {
                uint32_t pattern = from->items[i] / PATTERN_STEPS;
                const struct pattern *p = &ps->list[pattern];
                int steps = (int)(from->items[i] % PATTERN_STEPS);
                bool any = is_any(p->names[steps]);

                if (is_any_number(p->names[steps])) {
                        put(&m, ps, pattern, steps);
                } else if (any || strcmp(p->names[steps], name) == 0) {
                        if (steps + 1 == p->n) {
                                r = match(context, &p->say);
                                continue;
                        }
                        put(&m, ps, pattern, steps + 1);
                        *way |= !any && p->say.deny;
                }
        }
        for (size_t i = 0; base >= 0 && i < ps->n && r >= 0; i++)
                if (ps->list[i].base == base)
                        put(&m, ps, (uint32_t)i, 0);
        if (r >= 0) {
                sort(&m);
                r = number(ps, &m);
        }
        free(m.items);
        return r;
}

int patterns_names(const struct patterns *ps, uint32_t set, const char ***ret, size_t *ret_n)
{
        const struct pattern_set *s = set_of(ps, set);
        const char **names = s->n ? calloc(s->n, sizeof(*names)) : NULL;
        size_t n = 0;

        if (s->n && !names)
                return -ENOMEM;
        for (size_t i = 0; i < s->n; i++) {
                const char *name = ps->list[s->items[i] / PATTERN_STEPS].names[s->items[i] % PATTERN_STEPS];
                size_t known = 0;

                if (is_any(name) || is_any_number(name))
                        continue;
                while (known < n && strcmp(names[known], name) != 0)
                        known++;
                if (known == n)
                        names[n++] = name;
        }
        *ret = names;
        *ret_n = n;
        return 0;
}
