/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HOLDFAST_CLI_POLICY_IMPORT_H
#define HOLDFAST_CLI_POLICY_IMPORT_H

/* holdfast policy import: settings of other sandboxes as a policy. */
int policy_import(int argc, char **argv);

#endif
