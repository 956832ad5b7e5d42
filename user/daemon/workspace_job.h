/* SPDX-License-Identifier: Apache-2.0 */
/*
 * holdfastd as a process for one piece of work on a workspace: an order on stdin; on stdout what whoever asked gets as it is, and on
 * descriptor 3 the little that the daemon has to know; all JSON. It has nothing of the daemon's memory, and is on the user's side whenever
 * it is below the real folder.
 */
#ifndef HOLDFAST_DAEMON_WORKSPACE_JOB_H
#define HOLDFAST_DAEMON_WORKSPACE_JOB_H

#define WORKSPACE_JOB_NAME "holdfastd-workspace" /* argv[0] */

/*
 * {"do": "diff" | "apply" | "recover", "state": FOLDER, "id": ID, "patch": BOOL, "paths": [...], "force": BOOL}, or
 * {"do": "empty", "state": FOLDER}. Tells {"applied": N}, with {"errno": N, "error": TEXT, "errors": [{"where", "what"}]} where it failed.
 */
int workspace_job(void);

#endif
