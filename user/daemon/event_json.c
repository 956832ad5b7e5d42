/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/event_json.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "daemon/names.h"
#include "holdfast/decide.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

const char *address_text(const uint8_t addr[16], char out[48])
{
        static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
        bool v4 = !memcmp(addr, mapped, sizeof(mapped));

        return inet_ntop(v4 ? AF_INET : AF_INET6, v4 ? addr + 12 : addr, out, 48) ? out : "?";
}

/* The components come child first; here they are put the other way round, from the end of the buffer to its start. */
static char *event_inside(const struct hf_event *event, size_t size)
{
        size_t length = event->path_len, used = 0;
        char *path, *p;

        if (offsetof(struct hf_event, path) + length > size)
                length = size - offsetof(struct hf_event, path);
        path = malloc(length + 8);
        if (!path)
                return NULL;
        p = path + length + 7;
        *p = '\0';
        while (used < length) {
                const char *component = event->path + used;
                size_t n = strnlen(component, length - used);

                used += n + 1;
                if (!n || (n == 1 && *component == '/'))
                        continue;
                p -= n;
                memcpy(p, component, n);
                *--p = '/';
        }
        if (event->flags & HF_EVENT_TRUNCATED) {
                p -= 4;
                memcpy(p, "/...", 4);
        }
        if (!*p)
                *--p = '/';
        memmove(path, p, strlen(p) + 1);
        return path;
}

static void add_path(cJSON *o, const struct hf_event *e, size_t size, const struct mounts *mounts)
{
        _cleanup_free_ char *inside = event_inside(e, size), *path = NULL;
        char dev[32];

        if (!inside)
                return;
        if (mounts)
                path = mounts_path(mounts, e->dev, inside);
        json_add_text(o, "path", path ? path : inside);
        if (e->flags & HF_EVENT_TRUNCATED)
                cJSON_AddTrueToObject(o, "truncated");
        if (path)
                return;
        /* On no mount that is known: a memfd, a pipe, a mount that is gone. The path is then the file system's own. */
        snprintf(dev, sizeof(dev), "%u:%u", e->dev >> 20, e->dev & 0xfffff);
        cJSON_AddStringToObject(o, "dev", dev);
}

static void add_address(cJSON *o, const struct hf_event *e)
{
        char text[48];

        cJSON_AddStringToObject(o, "addr", address_text(e->addr, text));
        cJSON_AddNumberToObject(o, "port", e->port);
        if (e->proto)
                cJSON_AddStringToObject(o, "proto", proto_name(e->proto));
}

/* What is wrong with a TLS hello, and the name in it: bytes of the session's choice. */
static void add_hello(cJSON *o, const struct hf_event *e, size_t size)
{
        const size_t room = size - offsetof(struct hf_event, path);

        if (e->path_len)
                json_add_bytes(o, "host", e->path, strnlen(e->path, e->path_len < room ? e->path_len : room));
        cJSON_AddStringToObject(o, "detail", hello_fault_name(e->detail));
}

static void add_detail(cJSON *o, const struct hf_event *e)
{
        const char *name = NULL;

        if (e->op == HF_OP_SIGNAL)
                name = sigabbrev_np((int)e->detail);
        else if (e->op == HF_OP_CAPABILITY)
                name = linux_capability_name(e->detail);
        if (name)
                cJSON_AddStringToObject(o, "detail", name);
        else
                cJSON_AddNumberToObject(o, "detail", e->detail);
}

static void add_connection(cJSON *o, const struct hf_event *e, const char *host)
{
        if (host)
                json_add_text(o, "host", host);
        cJSON_AddNumberToObject(o, "local_port", e->local_port);
        if (e->op != HF_OP_CLOSE)
                return;
        json_add_u64(o, "sent", e->sent);
        if (e->proto == HF_TCP)
                json_add_u64(o, "received", e->received);
}

static void add_object(cJSON *o, const struct hf_event *e, size_t size, const struct mounts *mounts)
{
        static const uint8_t none[16];

        const bool hello = e->op == HF_OP_HELLO;

        if (e->kind == HF_EVENT_FILE || e->kind == HF_EVENT_EXEC || (e->path_len && !hello))
                add_path(o, e, size, mounts);
        if (hello)
                add_hello(o, e, size);
        if ((e->kind == HF_EVENT_CONNECT && !e->path_len) || memcmp(e->addr, none, sizeof(none)) != 0)
                add_address(o, e);
        if (e->kind == HF_EVENT_GUARD)
                add_detail(o, e);
        if (e->op == HF_OP_REVOKE)
                cJSON_AddStringToObject(o, "action", strength_name(e->detail));
}

/* The layer whose rule decided, or whose lack of one. */
static enum hf_layer layer_of(const struct hf_event *e)
{
        return e->rule == HF_RULE_SEAL ? HF_LAYER_POLICY : (enum hf_layer)hf_rule_layer(e->rule);
}

static void add_layer(cJSON *o, const struct hf_event *e)
{
        enum hf_layer layer = layer_of(e);
        bool ruled = e->why == HF_WHY_NO_RULE || e->why == HF_WHY_RULE || e->why == HF_WHY_INACTIVE;

        if ((e->flags & HF_EVENT_DENIED) && (layer != HF_LAYER_POLICY || ruled))
                cJSON_AddStringToObject(o, "layer", layer_name(layer));
}

/* Which capability and rule decided. */
static void add_rule(cJSON *o, const struct hf_event *e, const struct event_context *c)
{
        const uint32_t n = e->rule == HF_RULE_SEAL ? 0 : hf_rule_number(e->rule);
        const struct policy *p = c->policy;
        const struct rule *rule;
        char number[32];

        add_layer(o, e);
        if (layer_of(e) != HF_LAYER_POLICY)
                p = c->ceilings && layer_of(e) < HF_LAYERS ? c->ceilings[layer_of(e)].policy : NULL;
        rule = p ? policy_rule(p, n) : NULL;
        if (rule) {
                json_add_text(o, "capability", p->capabilities[rule->capability].name);
                json_add_text(o, "rule", rule->where);
                if (rule->hint)
                        json_add_text(o, "hint", rule->hint);
                return;
        }
        cJSON_AddStringToObject(o, "capability", n ? "unknown" : "none");
        snprintf(number, sizeof(number), "#%u", n);
        cJSON_AddStringToObject(o, "rule", n ? number : why_rule(e->why));
}

/* Why, in words: of a ceiling's refusal, whose it is. */
static void reason_text(const struct hf_event *e, char *text, size_t size)
{
        bool ceiling = layer_of(e) != HF_LAYER_POLICY && (e->why == HF_WHY_RULE || e->why == HF_WHY_INACTIVE);

        if (!ceiling)
                snprintf(text, size, "%s", why_text(e->why));
        else if (hf_rule_number(e->rule))
                snprintf(text, size, "a rule of the %s's ceiling denies it", layer_name(layer_of(e)));
        else
                snprintf(text, size, "no rule of the %s's ceiling allows it", layer_name(layer_of(e)));
}

/* The kill's reason, where there is one behind it. */
static void add_reason(cJSON *o, const struct hf_event *e, const struct event_context *c)
{
        const bool capability = e->why == HF_WHY_INACTIVE && c->kill, killed = e->why == HF_WHY_KILLED || capability;
        const bool said = killed && c->kill_reason && *c->kill_reason;
        char text[512];

        if (said || capability)
                snprintf(text, sizeof(text), "%s%s%s", capability ? "the capability is killed" : why_text(e->why), said ? ": " : "",
                         said ? c->kill_reason : "");
        else
                reason_text(e, text, sizeof(text));
        cJSON_AddStringToObject(o, "why", why_name(e->why));
        json_add_text(o, "reason", text);
        if (killed && c->kill)
                cJSON_AddStringToObject(o, "kill", c->kill);
}

void event_add_decision(cJSON *o, const struct hf_event *e, const struct event_context *c)
{
        add_rule(o, e, c);
        add_reason(o, e, c);
}

static void add_who(cJSON *o, const struct hf_event *e, const struct event_context *c)
{
        if (c->session)
                cJSON_AddStringToObject(o, "session", c->session);
        else
                cJSON_AddNullToObject(o, "session");
        json_add_text(o, "agent", c->agent ? c->agent : "unknown");
        json_add_text(o, "user", c->user ? c->user : "unknown");
        cJSON_AddNumberToObject(o, "pid", e->pid);
        if (e->tid != e->pid)
                cJSON_AddNumberToObject(o, "tid", e->tid);
        cJSON_AddNumberToObject(o, "uid", e->uid);
        json_add_bytes(o, "comm", e->comm, strnlen(e->comm, sizeof(e->comm)));
}

cJSON *event_json(const struct hf_event *e, size_t size, const struct event_context *c)
{
        bool denied = e->flags & HF_EVENT_DENIED;
        const char *error;
        char right[5];
        cJSON *o;

        if (size < offsetof(struct hf_event, path))
                return NULL;
        o = cJSON_CreateObject();
        if (!o)
                return NULL;
        add_who(o, e, c);
        cJSON_AddStringToObject(o, "kind", kind_name(e->kind));
        cJSON_AddStringToObject(o, "verdict", denied ? "deny" : "allow");
        right_format(e->right, right);
        cJSON_AddStringToObject(o, "right", *right && *right != '-' ? right : op_name(e->op));
        cJSON_AddStringToObject(o, "op", op_name(e->op));
        add_object(o, e, size, c->mounts);
        if (e->flags & HF_EVENT_CONNECTION)
                add_connection(o, e, c->host);
        if (e->kind == HF_EVENT_SESSION || ((e->flags & HF_EVENT_CONNECTION) && !e->rule))
                return o;
        event_add_decision(o, e, c);
        error = e->error ? strerrorname_np(-e->error) : NULL;
        if (error)
                cJSON_AddStringToObject(o, "error", error);
        return o;
}
