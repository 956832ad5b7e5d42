/* SPDX-License-Identifier: Apache-2.0 */
/* What explain is asked about, from the command line. Pure. */
#ifndef HOLDFAST_CLI_TARGET_H
#define HOLDFAST_CLI_TARGET_H

/*
 * Whether RIGHT and PATH, or connect and HOST:PORT, make a question: NULL, or what is wrong with them, in a few words.
 */
const char *target_wrong(const char *right, const char *object);

/* The question as a query of the API: "?right=r&path=%2Fx". NULL when memory runs out; the caller frees it. */
char *target_query(const char *right, const char *object);

#endif
