/* SPDX-License-Identifier: Apache-2.0 */
/* A mount namespace of one's own, for mounts that nobody else sees. */
#ifndef HOLDFAST_CLI_NAMESPACE_H
#define HOLDFAST_CLI_NAMESPACE_H

/*
 * Enters one; for a user but root by way of a user namespace in which they are themselves and nobody else is known (user_namespaces(7)).
 * Returns the status to exit with, having said on stderr what is missing.
 */
int namespace_enter(void);

#endif
