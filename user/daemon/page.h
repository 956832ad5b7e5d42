/* SPDX-License-Identifier: Apache-2.0 */
/* A part of a list, as the arguments limit and after ask for it. The next has a Link (RFC 8288). */
#ifndef HOLDFAST_DAEMON_PAGE_H
#define HOLDFAST_DAEMON_PAGE_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

struct http_request;

#define PAGE_MAX 1000

struct page {
        uint64_t limit;    /* 0: all */
        const char *after; /* NULL: from the first on */
        bool began;        /* what comes is behind after */
        bool more;         /* than fits */
        uint64_t count;
        const char *last; /* id of the last that is in it */
};

/* Reads the arguments. False: the problem is answered. */
bool page_read(struct http_request *r, struct page *page);

/* Whether one of the list is behind the one that is named. Each that the client may see is asked about, in order. */
bool page_behind(struct page *page, const char *id);

/* Whether there is room for it, if so takes it. The id outlives the page. */
bool page_take(struct page *page, const char *id);

/* Answers with the list, and with a Link where more follow: query (may be NULL) is what to ask with beside limit and after. */
void page_reply(struct http_request *r, const struct page *page, const char *path, const char *query, cJSON *list);

#endif
