/* SPDX-License-Identifier: Apache-2.0 */
/* Paths as settings have them, and the file rules that they become. */
#ifndef HOLDFAST_IMPORT_PATHS_H
#define HOLDFAST_IMPORT_PATHS_H

#include "import/draft.h"

enum path_style {
        PATH_SANDBOX, /* "/a" is absolute, "a" and "./a" are in the workspace, "~/a" in the home folder */
        PATH_RULE,    /* of Claude Code's permissions, as in gitignore: "//a" is absolute, "/a" in the workspace, "a" anywhere in there */
        PATH_PLAIN,   /* "/a" and "~/a" alone */
};

/* As a rule of a policy has it, to be freed. 0, -EINVAL with an error that says why there is none, or -ENOMEM. */
int path_translate(const char *text, enum path_style style, char **ret, struct error *e);

/* Whether something that the path inner stands for may lie at or below what outer stands for. Errs on the side of true. */
bool path_may_cover(const char *outer, const char *inner, const struct import_options *o);

struct path_item {
        char *path;
        char *where;
        bool always; /* of a denial of reading: no allowance opens anything within */
};

struct path_list {
        struct path_item *items;
        size_t n;
};

/* Reading is open but for what is denied, writing shut but for what is allowed; a denial of writing stands before all allowances. */
struct filelists {
        struct path_list deny_read, allow_read, allow_write, deny_write;
};

/* Adds what a setting names; where it cannot be said, it is listed. style and what it denies are the caller's. */
void filelists_add(struct draft *d, struct path_list *list, const char *text, enum path_style style, const char *where, enum loss loss);

/* Makes the rules. */
void filelists_emit(struct draft *d, const struct filelists *f);
void filelists_clear(struct filelists *f);

/* Tells, where /tmp is not written, that the folder which these sandboxes make for temporary files is missing. */
void filelists_tell_temporary(struct draft *d, const struct filelists *f, const char *where);

/* What the sandbox runtime never lets write in the workspace. */
void filelists_add_protected(struct draft *d, struct filelists *f, bool git_config);

#endif
