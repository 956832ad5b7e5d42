/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the processes of a session had before they were attached: descriptors, mappings, sockets, tracers, all that a policy looks at when
 * it is got. For each thing that the policy refuses: what it is, and what becomes of it.
 */
#ifndef HOLDFAST_DAEMON_FOUND_H
#define HOLDFAST_DAEMON_FOUND_H

#include "base/error.h"

#include <cjson/cJSON.h>
#include <stddef.h>
#include <sys/types.h>

struct daemon;
struct session;

enum found_done {
        FOUND_REVOKED, /* each further use is refused */
        FOUND_STOPPED, /* the process is, as the policy's on_revoke says */
        FOUND_LEFT,    /* code that runs: it has that, and can neither map nor run it again */
        FOUND_FAST,    /* nothing takes it away: there can be no session */
};

struct found_thing {
        const char *kind; /* a constant */
        pid_t pid;
        char *what;
        enum found_done done;
};

#define FOUND_MAX 256

struct found {
        struct found_thing *list;
        size_t count; /* that are in the list, at most FOUND_MAX */
        size_t more;  /* that are not */
};

#define FOUND_INIT \
        { \
                NULL, 0, 0 \
        }
#define _cleanup_found_ __attribute__((cleanup(found_clear)))

/*
 * Looks at all that the processes of a session have, once they are stamped and frozen; how long it may take depends on who asks. -EBUSY
 * where something is FOUND_FAST: those are in findings, each with its process, and the session must not be.
 */
int found_look(struct daemon *d, const struct session *s, uid_t who, struct found *ret, struct findings *fast, struct error *e);
void found_clear(struct found *f);

/* As docs/api.md has it, as members of a session's answer. */
void found_add_json(cJSON *session, const struct found *f);

/* One event for each, and one for those that are not in the list. */
void found_report(struct daemon *d, const struct session *s, const struct found *f);

#endif
