/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a session used, from its events, and the policy that would have let it. Pure: no files, no daemon. The events are those of
 * docs/event.schema.json.
 */
#ifndef HOLDFAST_LEARN_LEARN_H
#define HOLDFAST_LEARN_LEARN_H

#include "base/error.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Some rights on a path, or the way to a port. */
struct use {
        char *path;     /* absolute, as the session saw it; NULL: of the network */
        uint8_t rights; /* enum hf_right bits */
        char *host;     /* of the network: a name, or NULL: by address */
        char *addr;     /* the address that was gone to; of several for a name the last */
        uint16_t port;
        bool udp;
        bool refused; /* when it was recorded */
        bool skipped; /* for the reader's use */
};

struct record {
        struct use *list; /* after record_finish() each once */
        size_t n, room;
        uint64_t lost;  /* events that the kernel or the resolver could not hand over */
        uint64_t vague; /* what has no path that could be in a policy: another file system's, or too long */
};

#define RECORD_INIT { 0 }
void record_clear(struct record *r);
#define _cleanup_record_ __attribute__((cleanup(record_clear)))

/* Takes in one event; what tells of no use is passed over. 0 or -ENOMEM. */
int record_add(struct record *r, const cJSON *event);

/* Sorts, and brings together what is the same: the rights that were allowed on one path, and apart from these those that were refused. */
void record_finish(struct record *r);

/* What paths are written with; NULL: not known. Absolute, without a slash at the end. */
struct learn_places {
        const char *workspace, *home;
};

struct suggestion {
        const char *name;        /* of the policy; borrowed, as are these */
        const char *extends;     /* NULL: nothing */
        const char *description; /* NULL: none */
        struct learn_places places;
};

/*
 * The smallest policy, in the format of docs/policy.md, that allows what is in the record, refused and skipped uses apart. Files are folded
 * to the folder of the program or the data that they belong to. What looks dangerous is in a capability of its own, to be asked for. What
 * only a rule could allow that opens far too much is left out, with a finding. To be freed; NULL: no memory.
 */
cJSON *learn_suggest(const struct record *r, const struct suggestion *s, struct findings *left_out);

#endif
