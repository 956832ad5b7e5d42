/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/replays.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Frees those that are too old, or more than there is room for. The list is in the order of time. */
static void drop(struct replays *all, uid_t uid, size_t extra, uint64_t now)
{
        size_t count = 0, of_user = 0, bytes = extra;
        struct replay **link = &all->list, *r;

        while ((r = *link)) {
                const bool own = r->uid == uid;
                bool stays = now - r->time < REPLAYS_AGE && count + 1 < REPLAYS_MAX;

                if (own)
                        stays = stays && of_user + 1 < REPLAYS_USER_MAX && bytes + r->length <= REPLAYS_USER_BYTES;
                if (!stays) {
                        *link = r->next;
                        free(r);
                        continue;
                }
                count++;
                of_user += own;
                bytes += own ? r->length : 0;
                link = &r->next;
        }
}

const struct replay *replays_find(struct replays *all, uid_t uid, const char *operation, const char *key, uint64_t now)
{
        for (struct replay *r = all->list; r; r = r->next)
                if (r->uid == uid && now - r->time < REPLAYS_AGE && !strcmp(r->key, key) && !strcmp(r->operation, operation))
                        return r;
        return NULL;
}

int replays_add(struct replays *all, uid_t uid, const char *operation, const char *key, const uint8_t request[REPLAYS_DIGEST], int status,
                const char *text, size_t length, uint64_t now)
{
        struct replay *r;

        if (length > REPLAYS_USER_BYTES || strlen(key) >= REPLAYS_KEY_SIZE)
                return -E2BIG;
        r = calloc(1, sizeof(*r) + length + 1);
        if (!r)
                return -ENOMEM;
        drop(all, uid, length, now);
        r->uid = uid;
        r->operation = operation;
        snprintf(r->key, sizeof(r->key), "%s", key);
        memcpy(r->request, request, REPLAYS_DIGEST);
        r->time = now;
        r->status = status;
        r->length = length;
        memcpy(r->text, text, length);
        r->next = all->list;
        all->list = r;
        return 0;
}

void replays_clear(struct replays *all)
{
        struct replay *r;

        while ((r = all->list)) {
                all->list = r->next;
                free(r);
        }
}
