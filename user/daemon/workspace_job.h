/* SPDX-License-Identifier: Apache-2.0 */
/*
 * holdfastd as a process for one piece of work on a workspace: an order on stdin, an answer on stdout, both JSON. It has nothing of the
 * daemon's memory, and is on the user's side whenever it is below the real folder.
 */
#ifndef HOLDFAST_DAEMON_WORKSPACE_JOB_H
#define HOLDFAST_DAEMON_WORKSPACE_JOB_H

#define WORKSPACE_JOB_NAME "holdfastd-workspace" /* argv[0] */

/*
 * {"do": "diff" | "apply" | "recover", "state": FOLDER, "id": ID, "patch": BOOL, "paths": [...], "force": BOOL}, or
 * {"do": "empty", "state": FOLDER}. Answers {"body": {...}} or {"errno": N, "error": TEXT, "errors": [{"where", "what"}]}.
 */
int workspace_job(void);

#endif
