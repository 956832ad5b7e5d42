/* SPDX-License-Identifier: Apache-2.0 */
/* holdfastd --detach: ends what outlives the daemon. */
#ifndef HOLDFAST_DAEMON_DETACH_H
#define HOLDFAST_DAEMON_DETACH_H

/*
 * Takes the programs off and ends the keeper, where no daemon runs and no session is in force, and removes the cgroups that are empty.
 * Tells on stderr what is in the way. Returns an exit status.
 */
int detach_host(void);

#endif
