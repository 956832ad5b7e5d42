/* SPDX-License-Identifier: Apache-2.0 */
/* Explaining: what a policy says to one question, by the decision that the kernel makes, and that as JSON. Pure. */
#ifndef HOLDFAST_DAEMON_VERDICT_H
#define HOLDFAST_DAEMON_VERDICT_H

#include "daemon/event_json.h"
#include "holdfast/abi.h"
#include "policy/hosts.h"
#include "policy/policy.h"

#include <cjson/cJSON.h>
#include <stdlib.h>

/* What is asked: rights on a path, or (rights 0) to connect to an address, or wherever a name leads. */
struct question {
        uint8_t rights;   /* enum hf_right bits */
        const char *path; /* as asked */
        char *host;       /* lower case, without a dot at its end, to be freed; NULL: an address is asked about */
        uint8_t addr[16]; /* IPv4 as ::ffff:a.b.c.d */
        uint16_t port;    /* host order */
        uint8_t proto;    /* one of enum hf_proto */
};

/* Where the path led. */
struct looked_at {
        const char *path; /* without symlinks, "." and ".." */
        bool exists;
        bool device; /* that only a rule for itself opens */
        bool known;  /* its content is one that the policy names; asked where the node has HF_NODE_CONTENT */
};

/* What holds now, beside the rules. */
struct standing {
        struct hf_policy policy;
        uint32_t killed; /* enum hf_kill of the session and the host together */
        uint32_t time;   /* s of CLOCK_BOOTTIME */
};

struct verdict {
        enum hf_why why; /* HF_WHY_ALLOWED, or why it is refused */
        uint8_t refused; /* of the rights; 0 for egress */
        uint32_t rule;   /* the one that decided; 0: none */
        uint64_t masks;  /* capabilities that allow it; when refused, that would if they were live */
        bool own;        /* the policy speaks of this very place, not only of a folder above */
        bool way;        /* and it is on the way to a denied one */
        bool tls;        /* allowed to connections that begin with a TLS hello to the name alone */
};

/* Whether an O_PATH descriptor is of a device that only a rule for itself opens. Terminals (devpts) go by their folder. */
bool is_device(int fd);

/* The verdict on a file, from what decides about it: own tells that this is its own. */
struct verdict verdict_file(const struct hf_node *node, bool own, const struct looked_at *looked, uint8_t rights,
                            const struct standing *now);

/* The verdict on an address, from the ports of the prefix that decides; NULL: none does. */
struct verdict verdict_egress(const struct hf_egress *egress, uint8_t proto, uint16_t port, const struct standing *now);

/* The verdict on a name, from the table of the policy; NULL: the policy has no rule by name. */
struct verdict verdict_host(const struct hosts *hosts, const struct question *q, const struct standing *now);

/* The address that decides too, once that verdict allows this one: to :: the kernel may go by IPv4. NULL: none. */
const uint8_t *verdict_other_address(const struct verdict *v, const uint8_t addr[16]);

/*
 * The answer as docs/api.md has it; of a refusal, what decided is told as its event would tell it in that context (policy, kill_reason).
 * looked may be NULL (egress). NULL when memory runs out.
 */
cJSON *verdict_json(const struct question *q, const struct looked_at *looked, const struct verdict *v, const struct event_context *c,
                    const struct standing *now);

static inline void question_clear(struct question *q)
{
        free(q->host);
}

/* Reads a host name or an address, IPv4 or IPv6, into the question. 0, or -EINVAL with an error. */
int question_target(struct question *q, const char *host, struct error *e);

/* An address as text, IPv4 or IPv6. 0 or -EINVAL. */
int address_parse(const char *text, uint8_t addr[16]);

#endif
