/* SPDX-License-Identifier: Apache-2.0 */
/* Opening the programs that a policy names by their content. */
#ifndef HOLDFAST_DAEMON_CONTENTS_H
#define HOLDFAST_DAEMON_CONTENTS_H

#include "policy/policy.h"

#include <sys/types.h>

/*
 * Opens them for reading with the rights of the user whose session it is, who would else learn something of files that they may not
 * read. What cannot be opened has its error in the rule's fd. Returns 0 or negative errno where that user cannot be taken on.
 */
int contents_open(struct compiled *c, uid_t uid);

/* Opens what an O_PATH descriptor is of, when it is a regular file. The descriptor or negative errno. */
int content_open(int fd);

#endif
