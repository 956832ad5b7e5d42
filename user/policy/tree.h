/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tree of places while a policy is compiled: one place for each component of each rule's path, with what the file system has
 * there and what rules say there. Resolving a path makes the places that are missing.
 */
#ifndef HOLDFAST_POLICY_TREE_H
#define HOLDFAST_POLICY_TREE_H

#include "policy/index.h"
#include "policy/pattern.h"
#include "policy/policy.h"

#define TREE_PLACES_MAX (1u << 20) /* places of one policy */
#define TREE_STATES_MAX (1u << 17) /* of them, those made for patterns */

/* What the compiler knows of a place beside what it hands on. */
struct spot {
        char *target;         /* of a symlink, owned; else NULL */
        uint32_t first, last; /* what rules say here, in the order of the text: index + 1 into tree.says; 0: nothing */
        bool folder;          /* something can be opened below it */
        bool children;        /* there are places below it */
        bool denied;          /* a rule denies something right here, of whichever layer */
        uint8_t ruled;        /* layers that speak right here, as place.ruled */
        uint8_t content;      /* layers whose rules name the content of what is here */
        uint8_t sealed;       /* enum hf_right bits that are refused here and below, whatever rules say */
        bool based;           /* patterns begin here */
        bool state;           /* made for what patterns match: no object, and no name that is known beforehand */
        uint16_t flags;       /* enum hf_node_flag bits of patterns */
        uint32_t set;         /* how far patterns have come, here */
        int table;            /* of a state: the one like it, which was there before and has the places below; else -1 */
};

struct tree {
        const struct fs_view *view;
        struct place *places;                /* parents before children */
        struct spot *spots;                  /* beside places */
        struct hf_node *ceilings[HF_LAYERS]; /* beside places: what the ceiling of that layer says there; NULL: no such ceiling */
        uint8_t layers;                      /* 1 << enum hf_layer for each ceiling */
        size_t n_places, room;
        struct say *says;
        size_t n_says, says_room;
        struct place_index *index;
        struct patterns patterns;
        size_t n_states;
};

#define TREE_INIT \
        { \
                .view = NULL \
        }

/*
 * Makes a tree with the root in it and room for what those ceilings say (1 << enum hf_layer each); clear it in any case. Returns 0,
 * -ENOMEM, or what opening the root failed with.
 */
int tree_init(struct tree *t, const struct fs_view *view, uint8_t layers);
void tree_clear(struct tree *t);

/*
 * The place below parent with that name of length bytes, made if it is missing. Returns its index, -ENOMEM, -E2BIG beyond
 * TREE_PLACES_MAX, or what opening failed with; that nothing is there is no failure.
 */
int tree_child(struct tree *t, int parent, const char *name, size_t length);

/* Whether what tree_child() returned will be so for every further place too: there is no use in going on. */
bool tree_is_full(int r);

/*
 * Lets a rule speak at a path, which is absolute: resolves it as the session would, following symlinks also at its end, and makes
 * its places. A denial also speaks at the symlinks on the way, which must not be replaced, and at the names below them, for the
 * case that somebody else replaces them; and at a file that stands in a folder's place. Returns 0 or negative errno: -ELOOP,
 * -ENAMETOOLONG (a component), -ENOSPC (more than HF_PENDING components that do not exist), -EXDEV (the path leads through
 * /proc/self, which is the compiler here), -EISDIR (a rule names the content of a folder), or as tree_child().
 */
int tree_speak(struct tree *t, const char *path, const struct say *say);

/* Lets a rule speak at all that the pattern matches below a folder, which is resolved as by tree_speak(). */
int tree_speak_below(struct tree *t, const char *folder, const char *pattern, const struct say *say);

/* Lets a rule speak at one place. 0, -ENOMEM or -EISDIR. */
int tree_say(struct tree *t, int place, const struct say *say);

/* A place below another for names that a pattern matches; it is a state. Returns its index, -ENOMEM or -E2BIG. */
int tree_state(struct tree *t, int parent, const char *name);

/* The deepest place on the path by name alone, and what of the path is left below it. */
int tree_deepest(const struct place_index *index, const struct place *places, const char *path, const char **rest);

#endif
