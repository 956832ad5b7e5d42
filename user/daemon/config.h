/* SPDX-License-Identifier: Apache-2.0 */
/* The daemon's configuration: a small JSON file that need not be there. */
#ifndef HOLDFAST_DAEMON_CONFIG_H
#define HOLDFAST_DAEMON_CONFIG_H

#include "base/error.h"
#include "base/log.h"
#include "daemon/journal.h"
#include "daemon/config_remote.h"

#include <stdbool.h>
#include <stdint.h>

struct config {
        char *socket;                /* where the API listens */
        char *group;                 /* only root and this group may connect; NULL: everyone */
        char *audit;                 /* the audit stream */
        char *state;                 /* folder of the database */
        char *ceilings;              /* their folder, see ceilings.h */
        uint64_t audit_rotate_size;  /* bytes from which on its file is rotated away; 0: none */
        uint64_t audit_rotate_age;   /* the same in seconds */
        uint64_t audit_keep;         /* files kept of those rotated away; 0: all */
        enum journal_choice journal; /* which events journald gets too */
        enum log_level log_level;
        struct config_remote remote;
};

#define CONFIG_INIT \
        { \
                NULL, NULL, NULL, NULL, NULL, 0, 0, 0, JOURNAL_NONE, LOG_LEVEL_INFO, \
                { \
                        NULL \
                } \
        }
#define _cleanup_config_ __attribute__((cleanup(config_clear)))

/* Reads the file, or takes the defaults where an absent file is not an error. All that is wrong with it becomes one message. */
int config_read(const char *path, bool must_exist, struct config *ret, struct error *e);
void config_clear(struct config *c);

#endif
