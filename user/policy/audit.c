/* SPDX-License-Identifier: Apache-2.0 */
/* What is told of what a capability allows: its names, and which capabilities have it told. */
#include "policy/compile.h"
#include "policy/parse.h"

#include <string.h>

static const char *const names[HF_AUDITS] = {
        [HF_AUDIT_EXEC] = "exec",
        [HF_AUDIT_CONNECT] = "connect",
        [HF_AUDIT_WRITE] = "write",
        [HF_AUDIT_DNS] = "dns",
        [HF_AUDIT_READ] = "read",
};

_Static_assert(HF_AUDITS <= 8, "capability.audit has a bit for each");

#define ALL ((uint8_t)((1u << HF_AUDITS) - 1))
#define EXPECTED "\"exec\", \"connect\", \"write\", \"dns\" or \"read\""

static void read_name(struct reader *r, const cJSON *value, void *target)
{
        struct capability *c = target;
        const char *text = reader_string(r, value, EXPECTED);

        for (int i = 0; text && i < HF_AUDITS; i++) {
                if (strcmp(text, names[i]) != 0)
                        continue;
                c->audit |= (uint8_t)(1u << i);
                return;
        }
        if (text)
                reader_wrong(r, value, EXPECTED);
}

void parse_audit(struct reader *r, const cJSON *value, void *target)
{
        const char *text = cJSON_GetStringValue(value);
        struct capability *c = target;

        c->audits = true;
        c->audit = 0;
        if (text && !strcmp(text, "all"))
                c->audit = ALL;
        else if (text && strcmp(text, "denials") != 0)
                reader_wrong(r, value, "\"all\", \"denials\", or an array of " EXPECTED);
        else if (!text)
                reader_array(r, value, read_name, target);
}

void audit_compile(struct compiled *c, const struct policy *p)
{
        for (int a = 0; a < HF_AUDITS; a++)
                c->audit[a] = ~0ULL;
        for (int i = 0; i < p->n_capabilities; i++)
                for (int a = 0; a < HF_AUDITS; a++)
                        if (!(p->capabilities[i].audit & (1u << a)))
                                c->audit[a] &= ~(1ULL << i);
}

void audit_ceiling(struct compiled *c, const struct policy *ceiling)
{
        for (int i = 0; i < ceiling->n_capabilities; i++)
                for (int a = 0; a < HF_AUDITS; a++)
                        if (ceiling->capabilities[i].audits && (ceiling->capabilities[i].audit & (1u << a)))
                                c->audit[a] = ~0ULL;
}
