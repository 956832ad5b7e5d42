/* SPDX-License-Identifier: Apache-2.0 */
/* The request's target (RFC 9112, section 3.2) taken apart, and the route that it leads to. Pure: no server, no I/O. */
#ifndef HOLDFAST_API_ROUTE_H
#define HOLDFAST_API_ROUTE_H

#include "api/http.h"

#define TARGET_SEGMENTS_MAX 16
#define TARGET_ARGUMENTS_MAX 32

struct target {
        char *text; /* owned; the pieces below point into it, each percent-decoded and ended by NUL */
        const char *segments[TARGET_SEGMENTS_MAX];
        size_t n_segments;
        struct {
                const char *name, *value;
        } arguments[TARGET_ARGUMENTS_MAX];
        size_t n_arguments;
};

#define TARGET_INIT \
        { \
                .text = NULL \
        }

/*
 * Takes apart "/v1/sessions/a%20b?since=5", also with "http://host" before it. In the query a plus sign is a space; an argument
 * without "=" has an empty value. Returns 0; -EINVAL for a % without two hex digits, a NUL or invalid UTF-8 in a decoded piece, or
 * a target that begins with no slash; -E2BIG for too many pieces; -ENOMEM.
 */
int target_parse(const char *text, struct target *ret);
void target_clear(struct target *t);

/*
 * The route for a method and a target, or NULL. A HEAD without a route of its own leads to that of GET. path_known tells
 * whether the path has routes at all; a pattern without ":" goes before one with it.
 */
const struct http_route *route_find(const struct http_route *routes, size_t n, const char *method, const struct target *t,
                                    bool *path_known);

/* Writes the methods that the target's path has, as Allow has them ("GET, HEAD, POST"); cut at size. */
void route_methods(const struct http_route *routes, size_t n, const struct target *t, char *out, size_t size);

/* The target's segment that stands where the pattern has ":name", or NULL. */
const char *route_segment(const struct http_route *route, const struct target *t, const char *name);

#endif
