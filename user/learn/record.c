/* SPDX-License-Identifier: Apache-2.0 */
#include "learn/learn.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "holdfast/abi.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void use_clear(struct use *u)
{
        free(u->path);
        free(u->host);
        free(u->addr);
}

void record_clear(struct record *r)
{
        for (size_t i = 0; i < r->n; i++)
                use_clear(&r->list[i]);
        free(r->list);
        *r = (struct record)RECORD_INIT;
}

/* Takes what u points at, also on failure. */
static int add(struct record *r, struct use u)
{
        if (r->n == r->room) {
                size_t room = r->room ? 2 * r->room : 64;
                struct use *list = reallocarray(r->list, room, sizeof(*list));

                if (!list) {
                        use_clear(&u);
                        return -ENOMEM;
                }
                r->list = list;
                r->room = room;
        }
        r->list[r->n++] = u;
        return 0;
}

/* The letters of rwxc; 0: it says something else. */
static uint8_t rights_of(const char *text)
{
        static const char letters[] = "rwxc";
        uint8_t rights = 0;

        for (; text && *text; text++) {
                const char *at = strchr(letters, *text);

                if (!at)
                        return 0;
                rights |= (uint8_t)(1u << (at - letters));
        }
        return rights;
}

static int add_file(struct record *r, const cJSON *event, bool refused)
{
        const char *path = json_get_string(event, "path");
        uint8_t rights = rights_of(json_get_string(event, "right"));
        char *copy;

        if (!path || !rights)
                return 0;
        if (path[0] != '/' || cJSON_HasObjectItem(event, "dev") || cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(event, "truncated"))) {
                r->vague++;
                return 0;
        }
        copy = strdup(path);
        return copy ? add(r, (struct use){ .path = copy, .rights = rights, .refused = refused }) : -ENOMEM;
}

static int add_connection(struct record *r, const cJSON *event, bool refused)
{
        const char *addr = json_get_string(event, "addr"), *host = json_get_string(event, "host");
        const char *op = json_get_string(event, "op"), *proto = json_get_string(event, "proto");
        struct use u = { .refused = refused };
        uint64_t port = 0;

        if (!addr || !op || !proto || (!refused && strcmp(op, "connect") != 0) || json_get_u64(event, "port", &port) < 0 || port > UINT16_MAX)
                return 0;
        u.port = (uint16_t)port;
        u.udp = !strcmp(proto, "udp");
        u.addr = strdup(addr);
        u.host = host ? strdup(host) : NULL;
        if (u.addr && (!host || u.host))
                return add(r, u);
        use_clear(&u);
        return -ENOMEM;
}

int record_add(struct record *r, const cJSON *event)
{
        const char *kind = json_get_string(event, "kind"), *verdict = json_get_string(event, "verdict");
        bool refused = verdict && !strcmp(verdict, "deny");
        uint64_t count = 0;

        if (!kind)
                return 0;
        if (!strcmp(kind, "lost") && json_get_u64(event, "count", &count) == 0)
                r->lost += count;
        if (!strcmp(kind, "file") || !strcmp(kind, "exec"))
                return add_file(r, event, refused);
        return !strcmp(kind, "connect") ? add_connection(r, event, refused) : 0;
}

static int compare_text(const char *a, const char *b)
{
        return a && b ? strcmp(a, b) : !!a - !!b;
}

/* Of a name it does not matter where it led. */
static int compare(const void *x, const void *y)
{
        const struct use *a = x, *b = y;
        int r = compare_text(a->path, b->path);

        if (r == 0)
                r = compare_text(a->host, b->host);
        if (r == 0 && !a->host)
                r = compare_text(a->addr, b->addr);
        if (r == 0)
                r = (a->port > b->port) - (a->port < b->port);
        if (r == 0)
                r = a->udp - b->udp;
        return r ? r : a->refused - b->refused;
}

void record_finish(struct record *r)
{
        size_t kept = 0;

        if (r->n)
                qsort(r->list, r->n, sizeof(*r->list), compare);
        for (size_t i = 0; i < r->n; i++) {
                if (kept && compare(&r->list[kept - 1], &r->list[i]) == 0) {
                        r->list[kept - 1].rights |= r->list[i].rights;
                        use_clear(&r->list[i]);
                } else {
                        r->list[kept++] = r->list[i];
                }
        }
        r->n = kept;
}
