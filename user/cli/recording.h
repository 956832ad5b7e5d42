/* SPDX-License-Identifier: Apache-2.0 */
/* What a session did, as it is on record, and what a policy would say to it. */
#ifndef HOLDFAST_CLI_RECORDING_H
#define HOLDFAST_CLI_RECORDING_H

#include "learn/learn.h"

#include <stdbool.h>
#include <sys/types.h>

struct recording {
        struct record record;
        char *session;          /* its id; NULL: it is from a file */
        char *workspace, *home; /* NULL: not known */
        uid_t uid;              /* whose it is */
        bool audit_only;        /* all that it did is in the record, as far as nothing was lost */
};

#define RECORDING_INIT { 0 }
void recording_clear(struct recording *r);
#define _cleanup_recording_ __attribute__((cleanup(recording_clear)))

/*
 * Reads what is on record of a session, by its id or name, from the daemon; or from a file of the audit stream (its name has a slash or ends
 * with .ndjson), where the workspace and the home folder are the caller's. Returns the status to exit with; says what is wrong.
 */
int recording_read(const char *from, const char *socket, const char *workspace, struct recording *ret);

/*
 * Asks a policy, by its name or file, about each use; answer is as "holdfast explain --json" prints it, or {} where there is none. Needs no
 * daemon. Returns the status to exit with; says what is wrong.
 */
int recording_replay(struct recording *r, const char *policy, void (*each)(void *context, struct use *u, const cJSON *answer), void *context);

/* A use as people read it, to be freed: "rw /path" or "connect host:443". NULL: no memory. */
char *use_text(const struct use *u);

#endif
