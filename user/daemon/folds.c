/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/folds.h"

#include <stdlib.h>
#include <string.h>

/* The bytes of an event that mean something: the kernel leaves what is behind the path as it was. */
static size_t meaning(const struct hf_event *event, size_t size)
{
        const size_t all = offsetof(struct hf_event, path) + event->path_len;

        return all < size ? all : size;
}

/* Whether two differ in nothing but their time. */
static bool is_same(const struct fold *f, const struct hf_event *event, size_t size)
{
        const size_t head = offsetof(struct hf_event, generation);

        return f->size == size && !memcmp((const char *)f->event + head, (const char *)event + head, size - head);
}

static void fold_clear(struct fold *f)
{
        free(f->event);
        free(f->text);
        *f = (struct fold){ 0 };
}

/* A place for one more: where all are taken, that of what has not repeated for longest. */
static struct fold *room(struct folds *all)
{
        struct fold *oldest = NULL;

        if (all->n < FOLDS)
                return &all->list[all->n++];
        for (int i = 0; i < FOLDS; i++) {
                struct fold *f = &all->list[i];

                if (f->n == 1 && !f->count && (!oldest || f->since < oldest->since))
                        oldest = f;
        }
        if (oldest)
                fold_clear(oldest);
        return oldest;
}

static void begin(struct folds *all, const struct hf_event *event, size_t size, uint64_t now)
{
        struct hf_event *copy = malloc(size);
        struct fold *f = copy ? room(all) : NULL;

        if (!f) {
                free(copy);
                return;
        }
        memcpy(copy, event, size);
        *f = (struct fold){ .event = copy, .size = size, .since = now, .n = 1 };
}

struct fold *folds_note(struct folds *all, const struct hf_event *event, size_t size, uint64_t now)
{
        const size_t length = meaning(event, size);
        struct fold *f = NULL;

        for (int i = 0; i < all->n && !f; i++)
                if (is_same(&all->list[i], event, length))
                        f = &all->list[i];
        if (!f) {
                begin(all, event, length, now);
                return NULL;
        }
        if (f->n < FOLDS_DIRECT) {
                f->n++;
                return NULL;
        }
        if (!f->count++)
                f->first = event->time;
        f->last = event->time;
        return f;
}

void fold_take_out(struct fold *f)
{
        f->count--;
}

/* False: it does not repeat any more. What goes on is folded at once. */
static bool tick_one(struct fold *f, uint64_t now, folds_tell tell, void *context)
{
        if (now != UINT64_MAX && now < f->since + FOLDS_INTERVAL)
                return true;
        if (!f->count)
                return false;
        tell(context, f);
        free(f->text);
        f->text = NULL;
        f->count = 0;
        f->since = now;
        return now != UINT64_MAX;
}

void folds_tick(struct folds *all, uint64_t now, folds_tell tell, void *context)
{
        for (int i = all->n; i > 0; i--) {
                if (tick_one(&all->list[i - 1], now, tell, context))
                        continue;
                fold_clear(&all->list[i - 1]);
                all->list[i - 1] = all->list[--all->n];
                all->list[all->n] = (struct fold){ 0 };
        }
}

void folds_clear(struct folds *all)
{
        while (all->n > 0)
                fold_clear(&all->list[--all->n]);
}
