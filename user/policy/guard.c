/* SPDX-License-Identifier: Apache-2.0 */
/* Exceptions to what the guard refuses: their names, and which capabilities make them. */
#include "policy/compile.h"
#include "policy/parse.h"

#include <string.h>

static const char *const names[HF_GUARDS + 1] = {
        [HF_GUARD_IO_URING_SQPOLL] = "io_uring-sqpoll",
        [HF_GUARD_KEYS] = "keys",
        [HF_GUARD_LIMITS] = "limits",
        [HF_GUARD_LOCK_MEMORY] = "lock-memory",
        [HF_GUARD_PERF] = "perf",
        [HF_GUARD_PRIORITY] = "priority",
        [HF_GUARD_PROCESSES] = "processes",
        [HF_GUARD_SETUID] = "setuid",
        [HF_GUARD_USER_NAMESPACES] = "user-namespaces",
        [HF_GUARD_USERFAULTFD] = "userfaultfd",
};

_Static_assert(HF_GUARDS <= 16, "capability.guard has a bit for each");

#define EXPECTED \
        "\"io_uring-sqpoll\", \"keys\", \"limits\", \"lock-memory\", \"perf\", \"priority\", \"processes\", \"setuid\", " \
        "\"user-namespaces\" or \"userfaultfd\""

static void read_exception(struct reader *r, const cJSON *value, void *target)
{
        struct capability *c = target;
        const char *text = reader_string(r, value, EXPECTED);

        for (int i = 0; text && i < HF_GUARDS; i++) {
                if (strcmp(text, names[i]) != 0)
                        continue;
                c->guard |= (uint16_t)(1u << i);
                return;
        }
        if (text)
                reader_wrong(r, value, EXPECTED);
}

void parse_guard(struct reader *r, const cJSON *value, void *target)
{
        reader_array(r, value, read_exception, target);
}

static uint16_t exceptions(const struct policy *p)
{
        uint16_t all = 0;

        for (int i = 0; i < p->n_capabilities; i++)
                all |= p->capabilities[i].guard;
        return all;
}

void guard_compile(struct compiled *c, const struct policy *p)
{
        for (int i = 0; i < p->n_capabilities; i++)
                for (int g = 0; g < HF_GUARDS; g++)
                        if (p->capabilities[i].guard & (1u << g))
                                c->guard[g] |= 1ULL << i;
}

void guard_clip(struct compiled *c, const struct policy *ceiling)
{
        uint16_t kept = exceptions(ceiling);

        for (int g = 0; g < HF_GUARDS; g++) {
                if (!c->guard[g] || (kept & (1u << g)))
                        continue;
                c->guard[g] = 0;
                c->clipped = true;
        }
}
