/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ephemeral workspaces: what a session writes goes to the upper layer of an overlay (the kernel's Documentation/filesystems/overlayfs.rst)
 * and is compared with the folder below, applied to it, or discarded. The agent has made what is in the upper layer: nothing of it is
 * trusted. Folders may be any number of levels deep; what is below a folder is opened beneath it, never through a symbolic link.
 */
#ifndef HOLDFAST_WORKSPACE_WORKSPACE_H
#define HOLDFAST_WORKSPACE_WORKSPACE_H

#include "base/error.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

/* ---- record.c: what is known of one, in a file beside its layers --------------------------------------------------------------- */

#define WORKSPACE_RECORD "record.json"
#define WORKSPACE_UPPER "upper"
#define WORKSPACE_WORK "work"
#define WORKSPACE_NOTE "under-way" /* of apply.c */

struct workspace {
        char *id; /* the session's */
        uid_t uid;
        char *user, *path, *agent;
        char *folder;            /* what the real one is, of folder_is() */
        uint64_t started, ended; /* ns since the epoch; ended 0: the session runs */
        bool discard;            /* goes with the session */
};

void workspace_clear(struct workspace *w);
#define _cleanup_workspace_ __attribute__((cleanup(workspace_clear)))

/* In and out of the folder of one; written whole or not at all. */
int workspace_write(int folder, const struct workspace *w, bool durable);
int workspace_read(int folder, struct workspace *ret);
cJSON *workspace_json(const struct workspace *w);

/* What tells a folder from one that has its path later. 0 or negative errno. */
#define FOLDER_SIZE 64
int folder_is(int fd, char ret[FOLDER_SIZE]);

/* ---- changes.c: what the session changed --------------------------------------------------------------------------------------- */

/* The two sides. Below the folder everything is done as the user, in the upper layer as who runs this. */
struct layers {
        int upper, folder;
        int state;        /* where it is noted what is under way; -1: nowhere */
        uid_t uid;        /* of the user; the thread's file system groups are theirs already */
        uint64_t started; /* what of the folder changed from then on, others have changed */
};

/* What of a file of the folder tells that somebody changed it. */
struct seen {
        bool there;
        mode_t mode;
        dev_t dev;
        ino_t ino;
        off_t size;
        struct timespec mtime;
        uid_t uid;
        gid_t gid;
};

enum change_op { CHANGE_ADDED, CHANGE_MODIFIED, CHANGE_DELETED, CHANGE_ATTRIBUTES, CHANGE_TYPE, CHANGE_OPS };

struct change {
        char *path; /* from the workspace, any bytes but NUL, any length */
        enum change_op op;
        struct stat upper;    /* not of what is deleted */
        struct seen seen;     /* the folder's side */
        const char *conflict; /* why the folder's side is somebody else's by now; NULL: it is not */
        const char *unclear;  /* why it cannot be told whose difference it is; it is left as it is */
        const char *refused;  /* why it is never applied */
        bool chosen, early;   /* by apply.c */
};

struct changes {
        struct change *list; /* sorted: a folder before what is in it */
        size_t count, room;
        struct change *same; /* files with several names that are as they were */
        size_t n_same, same_room;
        size_t bytes;
};

#define _cleanup_changes_ __attribute__((cleanup(changes_clear)))
void changes_clear(struct changes *c);
int changes_find(const struct layers *l, struct changes *ret, struct error *e);
const char *change_op_name(enum change_op op);

/* The change of the folder that a path is in; NULL: there is none. */
struct change *changes_above(const struct changes *c, const char *path);

/*
 * The array "changes" of the object, and "cut" where there are more than an answer can have; with patch also the differences of text, in
 * the form of diff -u, as the member of that name.
 */
int changes_json(const struct layers *l, const struct changes *c, bool patch, cJSON *object, struct error *e);

/* What an answer can have of them, in bytes as JSON, and what text takes of that. */
#define CHANGES_SHOWN (8u << 20)
size_t json_size(const char *text, size_t n);

/* ---- apply.c ------------------------------------------------------------------------------------------------------------------- */

/*
 * Makes what the session changed so in the folder too: what is at the paths and below them, or all (n == 0). Each file is replaced whole,
 * by one rename. The object gets what was applied, and what was not and why: "applied", "kept", "refused", "conflicts", and "cut" where
 * there are more than an answer can have; *applied counts all. -EBUSY with
 * findings: others have changed some of it since the session began, and nothing is applied unless force says so.
 */
int changes_apply(const struct layers *l, struct changes *c, const char *const *paths, size_t n, bool force, cJSON *object, size_t *applied,
                  struct findings *findings, struct error *e);

/* Clears up after an apply that was interrupted: each file is what it was, or what it was to be. */
int changes_recover(const struct layers *l);

/* ---- beneath.c ----------------------------------------------------------------------------------------------------------------- */

/* Removes what is in the folder, and what is below, on its own file system. 0 or negative errno, with as much as could be removed. */
int tree_empty(int folder);

#endif
