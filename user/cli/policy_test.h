/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HOLDFAST_CLI_POLICY_TEST_H
#define HOLDFAST_CLI_POLICY_TEST_H

/* holdfast policy test: what a policy would have said to a session that is on record. */
int policy_test(int argc, char **argv);

/* holdfast policy diff: what two policies say that is not the same. */
int policy_diff(int argc, char **argv);

#endif
