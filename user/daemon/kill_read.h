/* SPDX-License-Identifier: Apache-2.0 */
/* What a client says of a kill, checked. Pure: whether it may be, and which session is meant, is for route_kills.c. */
#ifndef HOLDFAST_DAEMON_KILL_READ_H
#define HOLDFAST_DAEMON_KILL_READ_H

#include "base/error.h"
#include "daemon/killset.h"

#include <cjson/cJSON.h>
#include <stdint.h>

/* Text is borrowed from the body. */
struct kill_asked {
        struct target target; /* without the session's id */
        const char *session;  /* by which the client names a session; NULL: none */
        uint32_t strength;
        const char *reason; /* NULL: none */
        uint64_t seconds;   /* until it is lifted by itself; 0: never */
};

/* Reads whom it is for. -EINVAL with what was expected where. */
int kill_read_target(const cJSON *body, struct kill_asked *ret, struct error *e);

/* The same, and all else. */
int kill_read(const cJSON *body, struct kill_asked *ret, struct error *e);

#endif
