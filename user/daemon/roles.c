/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/roles.h"

#include <stdio.h>
#include <string.h>

#define NO REACH_NONE
#define OWN REACH_OWN
#define ALL REACH_ALL

/* clang-format off */
static const enum reach table[OPERATIONS][CALLERS] = {
        /*                none agent user viewer auditor operator admin root */
        [MAY_NOTHING] = { NO,  NO,    NO,  NO,    NO,     NO,      NO,   NO  },
        [MAY_SEE]     = { NO,  NO,    OWN, ALL,   ALL,    ALL,     ALL,  ALL },
        [MAY_BEGIN]   = { NO,  NO,    OWN, NO,    NO,     NO,      ALL,  ALL },
        [MAY_CHANGE]  = { NO,  NO,    OWN, NO,    NO,     NO,      ALL,  ALL },
        [MAY_KILL]    = { NO,  NO,    OWN, NO,    NO,     ALL,     ALL,  ALL },
        [MAY_READ]    = { NO,  NO,    ALL, ALL,   ALL,    ALL,     ALL,  ALL },
        [MAY_FOLLOW]  = { NO,  NO,    OWN, NO,    ALL,    NO,      ALL,  ALL },
        [MAY_WATCH]   = { NO,  NO,    ALL, ALL,   ALL,    ALL,     ALL,  ALL },
        [MAY_GRANT]   = { NO,  NO,    NO,  NO,    NO,     NO,      ALL,  ALL },
        [MAY_DRILL]   = { NO,  NO,    NO,  NO,    NO,     NO,      ALL,  ALL },
        [MAY_WONDER]  = { NO,  OWN,   NO,  NO,    NO,     NO,      NO,   NO  },
};
/* clang-format on */

static const char *const names[CALLERS] = {
        [CALLER_VIEWER] = "viewer",
        [CALLER_AUDITOR] = "auditor",
        [CALLER_OPERATOR] = "operator",
        [CALLER_ADMIN] = "admin",
};

enum reach role_reach(enum operation operation, enum caller caller)
{
        return operation < OPERATIONS && caller < CALLERS ? table[operation][caller] : REACH_NONE;
}

bool role_covers(enum caller caller, enum caller role)
{
        for (int i = 0; i < OPERATIONS; i++)
                if (role_reach(i, role) > role_reach(i, caller))
                        return false;
        return true;
}

enum caller role_parse(const char *name)
{
        for (int i = 0; i < CALLERS; i++)
                if (names[i] && !strcmp(names[i], name))
                        return i;
        return CALLER_NONE;
}

const char *role_name(enum caller role)
{
        return role < CALLERS ? names[role] : NULL;
}

const char *role_needed(enum operation operation, char *out, size_t size)
{
        const char *found[CALLERS];
        size_t n = 0, used = 0;

        for (int i = 0; i < CALLERS; i++)
                if (names[i] && role_reach(operation, i))
                        found[n++] = names[i];
        snprintf(out, size, "root");
        for (size_t i = 0; i < n && used < size; i++)
                used += (size_t)snprintf(out + used, size - used, "%s%s", i == 0 ? "" : i + 1 == n ? " or " : ", ", found[i]);
        return out;
}
