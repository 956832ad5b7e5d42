/* SPDX-License-Identifier: Apache-2.0 */
/* The rules of the configuration by which agents of the host are confined as they start: the member "hosts". */
#ifndef HOLDFAST_DAEMON_CONFIG_HOSTS_H
#define HOLDFAST_DAEMON_CONFIG_HOSTS_H

#include "base/error.h"

#include <cjson/cJSON.h>
#include <stddef.h>
#include <sys/types.h>

struct host_rule {
        char *executable; /* path of a program, ${HOME} filled in */
        char *cgroup;     /* only in it or below; path from the root of the hierarchy; NULL: anywhere */
        char *policy;     /* name of one */
        char *agent;      /* what the sessions are called; by default as the program */
        char *version;    /* NULL: none */
        char *workspace;  /* NULL: the folder that the process is in */
        uid_t user;       /* whose processes it is about; (uid_t)-1: everybody's */
};

struct host_rules {
        struct host_rule *list;
        size_t count;
};

/* Reads the array. Every error names the rule and the member. */
int config_hosts_read(struct host_rules *rules, const cJSON *value, struct error *e);
void config_hosts_clear(struct host_rules *rules);

#endif
