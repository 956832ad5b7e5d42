/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/page.h"

#include "api/http.h"
#include "base/cleanup.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

bool page_read(struct http_request *r, struct page *page)
{
        const char *limit = http_query(r, "limit");
        char *end = NULL;

        *page = (struct page){ .after = http_query(r, "after") };
        page->began = !page->after;
        if (!limit)
                return true;
        errno = 0;
        page->limit = strtoull(limit, &end, 10);
        if (isdigit((unsigned char)*limit) && !*end && !errno && page->limit >= 1 && page->limit <= PAGE_MAX)
                return true;
        http_problem(r, 400, "bad-request", NULL, "limit: expected a number from 1 to %d", PAGE_MAX);
        return false;
}

bool page_behind(struct page *page, const char *id)
{
        if (page->began)
                return true;
        page->began = !strcmp(id, page->after);
        return false;
}

bool page_take(struct page *page, const char *id)
{
        if (page->limit && page->count == page->limit) {
                page->more = true;
                return false;
        }
        page->count++;
        page->last = id;
        return true;
}

void page_reply(struct http_request *r, const struct page *page, const char *path, const char *query, cJSON *list)
{
        char link[256];

        if (!page->began) {
                cJSON_Delete(list);
                http_problem(r, 400, "bad-request", NULL, "after: there is no \"%s\" in the list any more; begin without it", page->after);
                return;
        }
        http_reply(r, 200, list);
        if (!page->more)
                return;
        snprintf(link, sizeof(link), "<%s?%s%slimit=%llu&after=%s>; rel=\"next\"", path, query ? query : "", query ? "&" : "",
                 (unsigned long long)page->limit, page->last);
        http_reply_header(r, "Link", link);
}
