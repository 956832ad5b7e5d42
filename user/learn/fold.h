/* SPDX-License-Identifier: Apache-2.0 */
/* Which path a rule is for that is to allow a use, and what is dangerous about it. */
#ifndef HOLDFAST_LEARN_FOLD_H
#define HOLDFAST_LEARN_FOLD_H

#include "learn/learn.h"

/*
 * The path of the rule, with variables, to be freed; NULL: no memory. *wide: no rule should be made, as it would open all below a folder
 * that has everybody's things in it.
 */
char *fold_path(const char *path, uint8_t rights, const struct learn_places *places, bool *wide);

/* Kinds of danger, in the order in which their capabilities come. */
enum danger {
        DANGER_NONE,
        DANGER_LATER,   /* what is written runs later, outside of the session */
        DANGER_RUN,     /* what is written can be run */
        DANGER_SYSTEM,  /* the system itself is changed */
        DANGER_SECRETS, /* secrets are kept there */
        DANGER_SOCKETS, /* whoever listens acts outside of the session */
        DANGER_NEAR,    /* on this host, or near it */
        DANGER_UNNAMED, /* by address alone */
        DANGER_MAIL,    /* mail and shells */
        DANGERS,
};

/* What is dangerous about rights at the path of a rule, or about a way through the network. */
enum danger danger_of_path(const char *rule, uint8_t rights);
enum danger danger_of_reach(const struct use *u);

#endif
