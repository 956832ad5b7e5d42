/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers that are given again where a client repeats a request with its Idempotency-Key (draft-ietf-httpapi-idempotency-key-header). In
 * memory only, of each user the latest. Pure.
 */
#ifndef HOLDFAST_DAEMON_REPLAYS_H
#define HOLDFAST_DAEMON_REPLAYS_H

#include "daemon/id.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define REPLAYS_USER_MAX 100
#define REPLAYS_USER_BYTES (1u << 20) /* of answers */
#define REPLAYS_MAX 1000              /* of all users together */
#define REPLAYS_AGE (24 * 3600 * 1000000000ull)
#define REPLAYS_KEY_MAX 128 /* of what a client gives */
#define REPLAYS_KEY_SIZE (REPLAYS_KEY_MAX + ID_SIZE + 1)
#define REPLAYS_DIGEST 32

struct replay {
        struct replay *next;
        uid_t uid;
        const char *operation;           /* "POST /v1/kills": a constant */
        char key[REPLAYS_KEY_SIZE];      /* what tells clients of one user apart, and what they gave */
        uint8_t request[REPLAYS_DIGEST]; /* what was asked */
        uint64_t time;                   /* ns of CLOCK_BOOTTIME */
        int status;
        size_t length;
        char text[]; /* the answer's */
};

struct replays {
        struct replay *list; /* owned, the latest first */
};

/* The answer that was given to a user's key. NULL: there is none, or it is too old. It is the table's until the next call. */
const struct replay *replays_find(struct replays *all, uid_t uid, const char *operation, const char *key, uint64_t now);

/* Keeps a copy of an answer; the user's oldest go where there are too many. 0; -E2BIG for an answer beyond what a user has room for;
 * -ENOMEM. */
int replays_add(struct replays *all, uid_t uid, const char *operation, const char *key, const uint8_t request[REPLAYS_DIGEST], int status,
                const char *text, size_t length, uint64_t now);

void replays_clear(struct replays *all);

#endif
