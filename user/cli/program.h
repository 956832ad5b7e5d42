/* SPDX-License-Identifier: Apache-2.0 */
/* What a command line runs: found as a shell finds it, through symlinks and the wrappers of package managers, without running it. */
#ifndef HOLDFAST_CLI_PROGRAM_H
#define HOLDFAST_CLI_PROGRAM_H

#include <cjson/cJSON.h>
#include <stdbool.h>

#define PROGRAM_NAMES 8
#define PROGRAM_PLACES 2

struct program {
        char *file;                   /* as it was found, to be executed */
        char *folder;                 /* the real one that this is in */
        char *path;                   /* of its file, resolved */
        char *names[PROGRAM_NAMES];   /* that it goes by: the command's, its package's, its file's. NULL after the last */
        char *version;                /* of its package, or of the folder that it is in; NULL: not known */
        char *places[PROGRAM_PLACES]; /* folders or files outside of the system's that it and its interpreter are installed in; or NULL */
};

/* Finds the command. home and workspace (may be NULL) are no places, nor is what they are in. 0, -ENOENT where there is no such program,
 * or -ENOMEM. To be cleared in any case. */
int program_find(const char *command, const char *home, const char *workspace, struct program *ret);
void program_clear(struct program *p);

/* Whether the path is that folder or below it. */
bool path_is_in(const char *path, const char *folder);

/*
 * The entry of a list of policies, as the API has it, whose programs have one of the names; *name gets that one. NULL: there is none, or
 * the program, or the link to it, is in the workspace itself, where an agent may have put it.
 */
const cJSON *program_policy(const struct program *p, const char *workspace, const cJSON *policies, const char **name);

#endif
