/* SPDX-License-Identifier: Apache-2.0 */
/* The daemon's configuration: a small JSON file that need not be there. */
#ifndef HOLDFAST_DAEMON_CONFIG_H
#define HOLDFAST_DAEMON_CONFIG_H

#include "base/error.h"
#include "base/log.h"
#include "daemon/journal.h"
#include "daemon/config_hosts.h"
#include "daemon/config_remote.h"

#include <stdbool.h>
#include <stdint.h>

struct config {
        char *socket;                /* where the API listens */
        char *group;                 /* only root and this group may connect; NULL: everyone */
        char *audit;                 /* the audit stream */
        char *state;                 /* folder of the database */
        char *ceilings;              /* their folder, see ceilings.h */
        char *on_kill;               /* is run for each kill and lift, see tell.h; NULL: nothing is */
        uint64_t audit_rotate_size;  /* bytes from which on its file is rotated away; 0: none */
        uint64_t audit_rotate_age;   /* the same in seconds */
        uint64_t audit_keep;         /* files kept of those rotated away; 0: all */
        uint64_t control_timeout;    /* s without a turn of the daemon after which the kernel takes control for lost */
        enum journal_choice journal; /* which events journald gets too */
        enum log_level log_level;
        struct config_remote remote;
        struct host_rules hosts; /* of agents that are confined as they start */
};

#define CONFIG_INIT \
        { \
                .log_level = LOG_LEVEL_INFO \
        }
#define _cleanup_config_ __attribute__((cleanup(config_clear)))

/* Reads the file, or takes the defaults where an absent file is not an error. All that is wrong with it becomes one message. */
int config_read(const char *path, bool must_exist, struct config *ret, struct error *e);
void config_clear(struct config *c);

#endif
