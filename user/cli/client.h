/* SPDX-License-Identifier: Apache-2.0 */
/* The daemon's API from the client's side. */
#ifndef HOLDFAST_CLI_CLIENT_H
#define HOLDFAST_CLI_CLIENT_H

#include "base/buffer.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

struct client_reply {
        bool quiet;  /* set by who asks: nothing is said on stderr */
        long status; /* of HTTP; 0: there was no answer */
        struct buffer body;
        cJSON *json; /* the body, where it is JSON; else NULL */
};

#define _cleanup_reply_ __attribute__((cleanup(client_reply_clear)))
void client_reply_clear(struct client_reply *r);

/*
 * Asks, and waits for the whole answer. body (may be NULL) is sent as JSON. socket may be NULL: the default. Returns STATUS_DONE for
 * an answer of 2xx; else says on stderr what is wrong, for a bad policy each error in it, and returns the status to exit with.
 */
int client_ask(const char *socket, const char *method, const char *path, const cJSON *body, struct client_reply *ret);

/* What an answer that is none of 2xx says is wrong. */
const char *client_problem(const struct client_reply *r);

/*
 * Asks for a body without end, and hands on each line (without its newline) until line() returns non-zero, or the end. *began, unless NULL,
 * tells whether the body began; nothing is said then of how it ended.
 */
int client_follow(const char *socket, const char *path, int (*line)(void *context, const char *line, size_t length), void *context,
                  bool *began);

/* Whether a daemon takes a connection just now: 1, 0, or negative errno where that is for another reason than that none runs. */
int client_reaches(const char *socket);

/* prefix + key, escaped, + suffix: a path of the API. The caller frees it. */
char *client_path(const char *prefix, const char *key, const char *suffix);

#endif
