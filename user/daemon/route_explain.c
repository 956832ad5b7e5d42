/* SPDX-License-Identifier: Apache-2.0 */
/* /v1/sessions/ID/explain: whether the kernel would allow it now, and why. */
#include "base/hostport.h"
#include "base/json.h"
#include "daemon/access.h"
#include "daemon/daemon.h"
#include "daemon/explain.h"
#include "daemon/routes.h"

#include <string.h>

static bool wrong(struct http_request *r, const char *expected)
{
        http_problem(r, 400, "bad-request", NULL, "%s", expected);
        return false;
}

static bool read_egress(struct http_request *r, struct question *q)
{
        const char *addr = http_query(r, "addr"), *host = http_query(r, "host"), *port = http_query(r, "port"),
                   *proto = http_query(r, "proto");
        _cleanup_error_ struct error e = ERROR_INIT;

        if (!addr == !host)
                return wrong(r, "expected either addr or host");
        if (addr && address_parse(addr, q->addr) < 0)
                return wrong(r, "addr: expected an IPv4 or IPv6 address");
        if (host && question_target(q, host, &e) < 0) {
                http_problem(r, 400, "bad-request", NULL, "host: %s", error_text(&e));
                return false;
        }
        if (!port || port_parse(port, &q->port) < 0)
                return wrong(r, "port: expected a number from 1 to 65535");
        if (proto && strcmp(proto, "tcp") != 0 && strcmp(proto, "udp") != 0)
                return wrong(r, "proto: expected tcp or udp");
        q->proto = proto && !strcmp(proto, "udp") ? HF_UDP : HF_TCP;
        return true;
}

static bool read_question(struct http_request *r, struct question *q)
{
        const char *right = http_query(r, "right");

        q->path = http_query(r, "path");
        if (right && !strcmp(right, "connect"))
                return read_egress(r, q);
        if (!right || !*right || right_parse(right, &q->rights) < 0)
                return wrong(r, "right: expected some of the letters rwxc, or connect");
        if (!q->path || q->path[0] != '/')
                return wrong(r, "path: expected an absolute path");
        return true;
}

void route_session_explain(struct http_request *r, void *context)
{
        struct daemon *d = context;
        _cleanup_error_ struct error e = ERROR_INIT;
        _cleanup_(question_clear) struct question q = { 0 };
        cJSON *answer = NULL;
        struct session *s;
        struct peer peer;

        s = access_named(d, r, &peer);
        if (!s || !read_question(r, &q))
                return;
        if (!s->live)
                http_problem(r, 409, "ended", NULL, "session %s has ended", s->id);
        else if (explain_session(d, s, &q, access_looks_as(&peer, s), &answer, &e) < 0)
                http_problem_errno(r, &e);
        else
                http_reply(r, 200, answer);
}
