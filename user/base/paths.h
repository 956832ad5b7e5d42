/* SPDX-License-Identifier: Apache-2.0 */
/* Where things are. Fixed, so that a policy can name what it must protect. */
#ifndef HOLDFAST_BASE_PATHS_H
#define HOLDFAST_BASE_PATHS_H

#define PATH_CONFIG "/etc/holdfast/holdfast.json"
#define PATH_RUN "/run/holdfast"
#define PATH_SOCKET PATH_RUN "/api.sock"
#define PATH_KEEPER PATH_RUN "/keeper.sock"
#define PATH_STATE "/var/lib/holdfast"
#define PATH_DATABASE PATH_STATE "/holdfast.db"
#define PATH_LOG "/var/log/holdfast"
#define PATH_AUDIT PATH_LOG "/audit.ndjson"
#define PATH_PINS "/sys/fs/bpf/holdfast"
#define PATH_CGROUPS "holdfast" /* below the cgroup v2 mount */
#define PATH_POLICIES_SITE "/etc/holdfast/policies"
#define PATH_CEILINGS "/etc/holdfast/ceilings"

/* What is installed beside the running program: PREFIX/suffix, where the program is PREFIX/bin/… or PREFIX/sbin/…. Returns 0 or negative
 * errno. */
int path_installed(const char *suffix, char *out, unsigned long size);
#define SUFFIX_POLICIES "share/holdfast/policies"
#define SUFFIX_DAEMON "sbin/holdfastd"
#define SUFFIX_CLI "bin/holdfast"

#endif
