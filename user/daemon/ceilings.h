/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ceilings of a session: policies that clip its own. They are files of a folder: host.json; users/NAME.json for the user of that
 * name, or user.json for those who have none of their own. A file that is not there is no ceiling. One that is there and cannot be
 * used lets no session begin under it.
 */
#ifndef HOLDFAST_DAEMON_CEILINGS_H
#define HOLDFAST_DAEMON_CEILINGS_H

#include "base/error.h"
#include "policy/policy.h"

#include <cjson/cJSON.h>

/* As they were when the session's policy was compiled; each session has its own copy. */
struct ceilings {
        struct ceiling list[HF_LAYERS]; /* as policy_compile() wants them; points to what follows */
        struct {
                char *name, *file; /* NULL: there is none */
                char *text;
                struct policy *policy;
        } layers[HF_LAYERS];
        bool clipped; /* they took something away that the policy allows: struct compiled says so */
};

#define CEILINGS_INIT \
        { \
                .clipped = false \
        }
#define _cleanup_ceilings_ __attribute__((cleanup(ceilings_clear)))

/*
 * Reads those of a user. -ENOTRECOVERABLE for one that is there and cannot be used: the error names the file, findings have what is
 * wrong in its text, each with the file before the JSON path.
 */
int ceilings_read(const char *folder, const char *user, struct ceilings *ret, struct findings *findings, struct error *e);
void ceilings_clear(struct ceilings *c);

/* Frees all but what ceilings_json() tells. */
void ceilings_forget(struct ceilings *c);

/* Logs what is wrong with each of the folder, and what there can be no ceiling. */
void ceilings_check(const char *folder);

/* Text for the database, and from it; NULL stands for none. The caller frees it. */
int ceilings_save(const struct ceilings *c, char **ret);
int ceilings_load(const char *text, struct ceilings *ret);

/* An array of {"layer", "name", "file"}. NULL without memory. */
cJSON *ceilings_json(const struct ceilings *c);

#endif
