/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/tree.h"

#include "base/cleanup.h"

#include <limits.h>
#include <string.h>

/* Makes room for one more element of an array. */
static int grow(void **array, size_t *room, size_t count, size_t size)
{
        size_t more = *room ? 2 * *room : 64;
        void *grown;

        if (count < *room)
                return 0;
        grown = reallocarray(*array, more, size);
        if (!grown)
                return -ENOMEM;
        *array = grown;
        *room = more;
        return 0;
}

/* The arrays beside each other. */
static int grow_places(struct tree *t)
{
        size_t room = t->room;
        int r;

        if (t->n_places >= TREE_PLACES_MAX)
                return -E2BIG;
        r = grow((void **)&t->places, &room, t->n_places, sizeof(*t->places));
        for (int layer = 0; layer < HF_LAYERS && r == 0; layer++) {
                room = t->room;
                if (t->layers & (1u << layer))
                        r = grow((void **)&t->ceilings[layer], &room, t->n_places, sizeof(*t->ceilings[layer]));
        }
        return r < 0 ? r : grow((void **)&t->spots, &t->room, t->n_places, sizeof(*t->spots));
}

/* What is there. That nothing is there is an object without a descriptor. */
static int look(const struct tree *t, int parent, const char *name, struct fs_object *ret)
{
        struct fs_object found = { .fd = -1 };
        int r = 0;

        if (parent < 0)
                r = t->view->open(t->view->context, -1, "", &found);
        else if (t->spots[parent].folder)
                r = t->view->open(t->view->context, t->places[parent].fd, name, &found);
        if (r < 0 && (parent < 0 || (r != -ENOENT && r != -ENOTDIR)))
                return r;
        if (r < 0)
                found = (struct fs_object){ .fd = -1 };
        *ret = found;
        return 0;
}

/* Adds a place with that name, which is given away. */
static int add(struct tree *t, int parent, char *name, bool state)
{
        struct fs_object object = { .fd = -1 };
        _cleanup_free_ char *owned = name;
        int r;

        if (!owned)
                return -ENOMEM;
        r = grow_places(t);
        if (r < 0)
                return r;
        r = state ? 0 : look(t, parent, owned, &object);
        if (r < 0)
                return r;
        t->places[t->n_places] = (struct place){ .parent = parent, .name = owned, .fd = object.fd };
        t->spots[t->n_places] = (struct spot){
                .target = object.target, .folder = object.fd >= 0 && object.folder && !object.target, .state = state, .table = -1
        };
        if (parent >= 0 && place_index_add(t->index, t->places, t->n_places) < 0) {
                if (object.fd >= 0)
                        close(object.fd);
                free(object.target);
                return -ENOMEM;
        }
        TAKE_PTR(owned);
        if (parent >= 0)
                t->spots[parent].children = true;
        return (int)t->n_places++;
}

int tree_init(struct tree *t, const struct fs_view *view, uint8_t layers)
{
        int r;

        *t = (struct tree){ .view = view, .layers = layers, .index = place_index_new() };
        if (!t->index)
                return -ENOMEM;
        r = add(t, -1, strdup(""), false);
        return r < 0 ? r : 0;
}

void tree_clear(struct tree *t)
{
        for (size_t i = 0; i < t->n_places; i++) {
                if (t->places && t->places[i].fd >= 0)
                        close(t->places[i].fd);
                if (t->places)
                        free(t->places[i].name);
                free(t->spots[i].target);
        }
        free(t->places);
        free(t->spots);
        free(t->says);
        for (int layer = 0; layer < HF_LAYERS; layer++)
                free(t->ceilings[layer]);
        place_index_free(t->index);
        patterns_clear(&t->patterns);
        *t = (struct tree)TREE_INIT;
}

bool tree_is_full(int r)
{
        return r == -ENOMEM || r == -E2BIG || r == -EMFILE || r == -ENFILE;
}

int tree_child(struct tree *t, int parent, const char *name, size_t length)
{
        int found = place_index_find(t->index, t->places, parent, name, length);

        return found >= 0 ? found : add(t, parent, strndup(name, length), false);
}

int tree_state(struct tree *t, int parent, const char *name)
{
        return ++t->n_states > TREE_STATES_MAX ? -E2BIG : add(t, parent, strdup(name), true);
}

int tree_say(struct tree *t, int place, const struct say *say)
{
        struct spot *spot = &t->spots[place];
        int r = say->content && spot->folder ? -EISDIR : grow((void **)&t->says, &t->says_room, t->n_says, sizeof(*t->says));

        if (r < 0)
                return r;
        t->says[t->n_says] = *say;
        t->says[t->n_says].next = 0;
        t->n_says++;
        if (spot->last)
                t->says[spot->last - 1].next = (uint32_t)t->n_says;
        else
                spot->first = (uint32_t)t->n_says;
        spot->last = (uint32_t)t->n_says;
        spot->denied |= say->deny && !say->pattern;
        spot->ruled |= (uint8_t)(1u << say->layer);
        spot->content |= (uint8_t)(say->content << say->layer);
        spot->sealed |= say->seal ? say->deny : 0;
        return 0;
}

/* How many components at the place's end do not exist. */
static int missing(const struct tree *t, int place)
{
        int n = 0;

        while (place > 0 && t->places[place].fd < 0) {
                n++;
                place = t->places[place].parent;
        }
        return n;
}

/* Whether the rest of a path can stand below a symlink's place by name: short enough, and without "..". */
static bool can_shadow(const char *rest)
{
        int n = 0;

        for (;;) {
                size_t length;

                rest += strspn(rest, "/");
                length = strcspn(rest, "/");
                if (!length)
                        return true;
                if (++n > HF_PENDING || length > NAME_MAX || (rest[0] == '.' && (length == 1 || (length == 2 && rest[1] == '.'))))
                        return false;
                rest += length;
        }
}

/* A denial that passes through a symlink: the link stays as it is, and what is named below it stays denied without it. */
static int say_at_link(struct tree *t, int link, const char *rest, const struct say *say)
{
        struct say here = *say;
        int place = link, r;

        rest += strspn(rest, "/");
        here.allow = 0;
        here.deny = *rest ? HF_WRITE : say->deny | HF_WRITE;
        here.content = say->content && !*rest;
        r = tree_say(t, link, &here);
        if (r < 0 || !*rest || !can_shadow(rest))
                return r;
        while (*rest) {
                size_t length = strcspn(rest, "/");

                place = tree_child(t, place, rest, length);
                if (place < 0)
                        return place;
                rest += length + strspn(rest + length, "/");
        }
        here.deny = say->deny;
        here.content = say->content;
        return tree_say(t, place, &here);
}

static bool place_is_file(const struct tree *t, int place)
{
        return t->places[place].fd >= 0 && !t->spots[place].folder;
}

/*
 * A file stands where a denied path needs a folder. It must not be written either: a ".git" that is a file names the folder where
 * git looks for its hooks. Returns the place.
 */
static int say_at_file(struct tree *t, int place, const struct say *say)
{
        struct say here = *say;
        int r;

        here.allow = 0;
        here.deny = HF_WRITE;
        here.content = false;
        r = tree_say(t, place, &here);
        return r < 0 ? r : place;
}

/* A path while it is resolved. */
struct walk {
        const char *rest; /* what is left */
        char *owned;      /* where rest points into, once a symlink's target was put before it */
        int links;
};

/* Whether the place is /proc/self or /proc/thread-self, which lead each process to itself: here, to the compiler. */
static bool is_self(const struct tree *t, int place)
{
        const struct place *p = &t->places[place], *folder = &t->places[p->parent];

        return folder->parent == 0 && strcmp(folder->name, "proc") == 0 &&
               (strcmp(p->name, "self") == 0 || strcmp(p->name, "thread-self") == 0);
}

/* Goes through the symlink at a place in folder; returns the folder to go on from. */
static int follow(struct tree *t, int folder, int link, struct walk *w, const struct say *say)
{
        char *path;
        int r;

        if (is_self(t, link))
                return -EXDEV;
        r = say->deny ? say_at_link(t, link, w->rest, say) : 0;
        if (r < 0)
                return r;
        if (++w->links > FS_LINKS_MAX)
                return -ELOOP;
        if (asprintf(&path, "%s/%s", t->spots[link].target, w->rest) < 0)
                return -ENOMEM;
        free(w->owned);
        w->rest = w->owned = path;
        return path[0] == '/' ? 0 : folder;
}

/* Goes one component on; returns the place it leads to. */
static int step(struct tree *t, int place, const char *name, size_t length, struct walk *w, const struct say *say)
{
        int child;

        if (length == 1 && name[0] == '.')
                return place;
        if (length == 2 && name[0] == '.' && name[1] == '.')
                return place > 0 ? t->places[place].parent : 0;
        if (length > NAME_MAX)
                return -ENAMETOOLONG;
        child = tree_child(t, place, name, length);
        if (child < 0)
                return child;
        if (t->spots[child].target)
                return follow(t, place, child, w, say);
        if (say->deny && place_is_file(t, child) && w->rest[strspn(w->rest, "/")])
                return say_at_file(t, child, say);
        return missing(t, child) > HF_PENDING ? -ENOSPC : child;
}

/* The place that a path leads to; a denial speaks on the way. */
static int resolve(struct tree *t, const char *path, const struct say *say)
{
        struct walk w = { .rest = path };
        int place = 0;

        while (place >= 0) {
                const char *name = w.rest + strspn(w.rest, "/");
                size_t length = strcspn(name, "/");

                if (!length)
                        break;
                w.rest = name + length;
                place = step(t, place, name, length, &w, say);
        }
        free(w.owned);
        return place;
}

int tree_speak(struct tree *t, const char *path, const struct say *say)
{
        int place = resolve(t, path, say);

        return place < 0 ? place : tree_say(t, place, say);
}

int tree_speak_below(struct tree *t, const char *folder, const char *pattern, const struct say *say)
{
        int place = resolve(t, folder, &(struct say){ 0 });

        if (place < 0)
                return place;
        t->spots[place].based = true;
        return patterns_add(&t->patterns, place, pattern, say);
}

int tree_deepest(const struct place_index *index, const struct place *places, const char *path, const char **rest)
{
        int place = 0;

        for (;;) {
                size_t length;
                int child;

                path += strspn(path, "/");
                *rest = path;
                length = strcspn(path, "/");
                child = length ? place_index_find(index, places, place, path, length) : -1;
                if (child < 0)
                        return place;
                place = child;
                path += length;
        }
}
