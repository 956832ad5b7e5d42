/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a compiled policy says of a tree that changes under it, by the rules of docs/policy.md: a place follows the object that it had when
 * the policy was compiled; where there is none, names decide, from the nearest folder that has one. Written beside the BPF programs,
 * over paths and lstat(2), so that the two can be compared.
 */
#ifndef HOLDFAST_TESTS_MODEL_H
#define HOLDFAST_TESTS_MODEL_H

#include "holdfast/decide.h"
#include "lib/attempt.h"
#include "policy/policy.h"

#include <limits.h>
#include <stdbool.h>
#include <sys/stat.h>

struct object {
        dev_t dev;
        ino_t ino;
        size_t place;
};

struct model {
        struct compiled *c;
        struct object *objects; /* those that are still there */
        size_t n_objects;
        size_t *table;         /* per place: number of the names below it, shared by places of one object; 0: none */
        const char *from, *to; /* a bind mount of the folder from at to, or NULL */
};

/* What decides about a path. */
struct decider {
        const struct hf_node *node; /* NULL: nothing */
        bool own;
        bool by_name; /* own by its name alone, which a move leaves behind */
        size_t table; /* number of the names that go on right below it; 0: none */
        bool way;     /* only a folder may be made here */
};

static inline struct object *model_object(struct model *m, const struct stat *st)
{
        for (size_t i = 0; i < m->n_objects; i++)
                if (m->objects[i].ino == st->st_ino && m->objects[i].dev == st->st_dev)
                        return &m->objects[i];
        return NULL;
}

/* The object is gone, and its number may come back. */
static inline void model_forget(struct model *m, const struct stat *st)
{
        struct object *o = model_object(m, st);

        if (o)
                *o = m->objects[--m->n_objects];
}

/* Places that are one object meet, and so do the names below them. */
static inline int model_meet(struct model *m, const struct stat *stats, size_t first)
{
        struct compiled *c = m->c;
        size_t *group = calloc(c->n_places, sizeof(*group)), n = 0, table = 0;
        int r;

        for (size_t i = first; i < c->n_places; i++)
                if (c->places[i].fd >= 0 && stats[i].st_ino == stats[first].st_ino && stats[i].st_dev == stats[first].st_dev)
                        group[n++] = i;
        r = n > 1 ? compiled_meet(c, group, n) : 0;
        for (size_t i = 0; i < n && !table; i++)
                table = m->table[group[i]];
        for (size_t i = 0; i < n; i++)
                m->table[group[i]] = table;
        free(group);
        return r;
}

/* Takes c over. Returns 0, or what made places of one object not meet; it is to be cleared in any case. */
static inline int model_make(struct model *m, struct compiled *c, const char *from, const char *to)
{
        struct stat *stats = calloc(c->n_places, sizeof(*stats));
        int r = 0;

        *m = (struct model){ .c = c, .from = from, .to = to };
        m->objects = calloc(c->n_places, sizeof(*m->objects));
        m->table = calloc(c->n_places, sizeof(*m->table));
        for (size_t i = 0; i < c->n_places; i++) {
                m->table[i] = c->places[i].node.names;
                if (c->places[i].fd >= 0)
                        NEED(fstat(c->places[i].fd, &stats[i]));
        }
        for (size_t i = 0; i < c->n_places && r == 0; i++) {
                if (c->places[i].fd < 0 || model_object(m, &stats[i]))
                        continue;
                m->objects[m->n_objects++] = (struct object){ stats[i].st_dev, stats[i].st_ino, i };
                r = model_meet(m, stats, i);
        }
        free(stats);
        compiled_close(c);
        return r;
}

static inline void model_clear(struct model *m)
{
        compiled_free(m->c);
        free(m->objects);
        free(m->table);
        *m = (struct model){ 0 };
}

/* Whether the path is the folder, or below it. */
static inline bool path_within(const char *path, const char *folder)
{
        size_t n = strlen(folder);

        return !strncmp(path, folder, n) && (!path[n] || path[n] == '/');
}

/* The path by which the kernel walks upwards: on a bind mount, that of what is mounted. */
static inline void model_path(const struct model *m, const char *path, char out[PATH_MAX])
{
        if (m->to && path_within(path, m->to))
                snprintf(out, PATH_MAX, "%s%s", m->from, path + strlen(m->to));
        else
                snprintf(out, PATH_MAX, "%s", path);
}

static inline size_t model_name(const struct model *m, size_t table, const char *name, size_t length)
{
        for (size_t i = 1; table && i < m->c->n_places; i++) {
                const struct place *p = &m->c->places[i];

                if (m->table[p->parent] == table && strlen(p->name) == length && !memcmp(p->name, name, length))
                        return i;
        }
        return 0;
}

static inline struct decider model_own(const struct model *m, size_t place, bool own, bool by_name, bool there)
{
        const struct hf_node *node = &m->c->places[place].node;

        return (struct decider){ node, own, by_name, m->table[place], there && (node->flags & HF_NODE_FOLDER) };
}

/* From a place down along the names of rest, as far as the policy has them. */
static inline struct decider model_descend(const struct model *m, size_t place, const char *rest)
{
        for (int i = 0; i < HF_LEVELS; i++) {
                const unsigned flags = m->c->places[place].node.flags;
                size_t length, below;

                rest += strspn(rest, "/");
                length = strcspn(rest, "/");
                below = model_name(m, m->table[place], rest, length);
                if (!below && (flags & HF_NODE_ANY))
                        below = model_name(m, m->table[place], PLACE_ANY, 1);
                if (!below && !(flags & HF_NODE_DEEP))
                        return (struct decider){ &m->c->places[place].node, false, false, 0, false };
                place = below ? below : place;
                rest += length;
                if (!*rest) {
                        bool own = below && !(m->c->places[place].node.flags & HF_NODE_PASS);

                        return model_own(m, place, own, own, below);
                }
        }
        return (struct decider){ NULL, false, false, 0, false };
}

static inline struct decider model_find(struct model *m, const char *path)
{
        char at[PATH_MAX], whole[PATH_MAX], *end;
        struct stat st, below = { 0 };
        bool leaf = true;

        model_path(m, path, whole);
        strcpy(at, whole);
        for (;;) {
                struct object *o = NULL;

                if (lstat(*at ? at : "/", &st) == 0) {
                        /* Only folders tell of a file system's end: an overlay shows files with another's number. */
                        if (below.st_dev && below.st_dev != st.st_dev)
                                return (struct decider){ NULL, false, false, 0, false };
                        if (S_ISDIR(st.st_mode))
                                below = st;
                        o = model_object(m, &st);
                }
                if (o)
                        return leaf ? model_own(m, o->place, true, false, true) : model_descend(m, o->place, whole + strlen(at));
                end = strrchr(at, '/');
                if (!end)
                        return (struct decider){ NULL, false, false, 0, false };
                *end = 0;
                leaf = false;
        }
}

static inline bool lacks(const struct model *m, struct decider d, unsigned rights)
{
        return hf_refused(d.node, m->c->active, rights);
}

static inline bool is_no_folder(const char *path)
{
        struct stat st;

        return lstat(path, &st) < 0 || !S_ISDIR(st.st_mode);
}

static inline int model_check(struct model *m, const char *path, unsigned rights)
{
        struct decider d = model_find(m, path);

        return lacks(m, d, rights) || (d.way && (rights & HF_WRITE) && is_no_folder(path)) ? -EACCES : 0;
}

/* What is no folder is not made where only one may be. */
static inline int model_way(struct model *m, const char *path)
{
        return model_find(m, path).way ? -EACCES : 0;
}

enum change {
        CHANGE_CREATE,
        CHANGE_FOLDER,
        CHANGE_OTHER, /* all that needs the right on the folder as well where the name is a place of its own */
};

static inline int model_change(struct model *m, const char *path, enum change change)
{
        struct decider d = model_find(m, path);
        char folder[PATH_MAX];

        if (lacks(m, d, HF_WRITE))
                return -EACCES;
        if (!d.own)
                return 0;
        if (change != CHANGE_FOLDER && (d.node->flags & HF_NODE_WAY))
                return -EACCES;
        if (change != CHANGE_OTHER)
                return 0;
        model_path(m, path, folder);
        *strrchr(folder, '/') = 0;
        return lacks(m, model_find(m, folder), HF_WRITE) ? -EACCES : 0;
}

static inline size_t patterns_below(struct decider d)
{
        return d.node && (d.node->flags & HF_NODE_PATTERN) ? d.table : 0;
}

/*
 * Nothing may gain a right by its new name, but for an object that is a place: that takes its rights along. A folder stays where
 * patterns go on alike below it.
 */
static inline int model_gain(struct model *m, const char *from, const char *to)
{
        struct decider source = model_find(m, from), target = model_find(m, to);
        struct stat st;

        if (lstat(from, &st) == 0 && S_ISDIR(st.st_mode) && patterns_below(source) != patterns_below(target))
                return -EXDEV;
        return (!source.own || source.by_name) && hf_gained(source.node, target.node, m->c->active) ? -EXDEV : 0;
}

static inline int model_link(struct model *m, const char *from, const char *to)
{
        int r = model_change(m, to, CHANGE_OTHER);

        if (!r)
                r = model_way(m, to);
        return r ? r : model_gain(m, from, to);
}

static inline int model_rename(struct model *m, const char *from, const char *to, bool exchange)
{
        int r = model_change(m, from, CHANGE_OTHER);

        if (!r)
                r = model_change(m, to, CHANGE_OTHER);
        if (!r && is_no_folder(from))
                r = model_way(m, to);
        if (!r && exchange && is_no_folder(to))
                r = model_way(m, from);
        if (!r)
                r = model_gain(m, from, to);
        return !r && exchange ? model_gain(m, to, from) : r;
}

#endif
