/* SPDX-License-Identifier: Apache-2.0 */
/* Whom a kill or a lift is for, on the command line. */
#ifndef HOLDFAST_CLI_SCOPE_H
#define HOLDFAST_CLI_SCOPE_H

#include "cli/options.h"

#include <cjson/cJSON.h>
#include <stdbool.h>

struct scope {
        const char *agent, *capability, *user; /* NULL: not given */
        bool all;
};

#define SCOPE_SYNOPSIS "(SESSION | --agent NAME[@VERSION] | --capability NAME [SESSION] | --user NAME | --all)"

/* The rows of the options' table. */
#define SCOPE_OPTIONS(s) \
        { "agent", 0, "NAME[@VERSION]", "the sessions of an agent, now and later", NULL, &(s)->agent }, \
                { "capability", 0, "NAME", "a capability, of one session or of all that have it", NULL, &(s)->capability }, \
                { "user", 0, "NAME", "the sessions of a user (or UID), now and later", NULL, &(s)->user }, \
        { \
                "all", 0, NULL, "every session", &(s)->all, NULL \
        }

/* How many of them were given: it has to be one. session is the operand, or NULL. */
int scope_count(const struct scope *s, const char *session);

/* Adds the members that say so. */
void scope_add(cJSON *body, const struct scope *s, const char *session);

#endif
