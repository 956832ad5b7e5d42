/* SPDX-License-Identifier: Apache-2.0 */
/* The file rules: what other sandboxes decide by lists, in a policy where the nearest rule wins. */
#include "import/paths.h"

#include "base/cleanup.h"

#include <string.h>

#define LIST_MAX 1000 /* each is compared with each */

static void list_add(struct draft *d, struct path_list *list, char *path, const char *where)
{
        struct path_item *grown = reallocarray(list->items, list->n + 1, sizeof(*grown));

        if (!grown) {
                free(path);
                d->no_memory = true;
                return;
        }
        list->items = grown;
        list->items[list->n] = (struct path_item){ .path = path, .where = strdup(where) };
        d->no_memory |= !list->items[list->n].where;
        list->n++;
}

void filelists_add(struct draft *d, struct path_list *list, const char *text, enum path_style style, const char *where, enum loss loss)
{
        _cleanup_error_ struct error e = ERROR_INIT;
        char shown[TEXT_SHOW_MAX], *path = NULL;
        int r;

        if (list->n == LIST_MAX) {
                findings_add(d->findings, where + (*where == '.'), "found more than %d paths, expected at most so many", LIST_MAX);
                return;
        }
        r = path_translate(text, style, &path, &e);
        if (r == 0)
                list_add(d, list, path, where);
        else if (r == -ENOMEM)
                d->no_memory = true;
        else
                draft_left_out(d, loss, where, "the path %s: %s", text_show(text, shown), error_text(&e));
}

void filelists_add_protected(struct draft *d, struct filelists *f, bool git_config)
{
        static const char *const names[] = {
                ".gitconfig", ".gitmodules", ".bashrc", ".bash_profile", ".zshrc",           ".zprofile",      ".profile",
                ".ripgreprc", ".mcp.json",   ".vscode", ".idea",         ".claude/commands", ".claude/agents", ".git/hooks",
        };

        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                char path[64];

                snprintf(path, sizeof(path), "./**/%s", names[i]);
                filelists_add(d, &f->deny_write, path, PATH_SANDBOX, "", LOSS_DENIAL);
        }
        if (!git_config)
                filelists_add(d, &f->deny_write, "./**/.git/config", PATH_SANDBOX, "", LOSS_DENIAL);
}

void filelists_tell_temporary(struct draft *d, const struct filelists *f, const char *where)
{
        for (size_t i = 0; i < f->allow_write.n; i++)
                if (strcmp(f->allow_write.items[i].path, "/tmp") == 0)
                        return;
        draft_left_out(d, LOSS_TOLD, where, "the sandbox's own folder for temporary files: allow w at ${TMPDIR} where programs need one");
}

static void emit_reading(struct draft *d, const struct filelists *f)
{
        draft_file(d, PART_READING, "/", "rx", NULL);
        /* What must not be read is not there for the other sandboxes: so it is not written, executed or connected to either. */
        for (size_t i = 0; i < f->deny_read.n; i++)
                draft_file(d, PART_READING, f->deny_read.items[i].path, NULL, "rwxc");
        for (size_t i = 0; i < f->allow_read.n; i++) {
                const struct path_item *item = &f->allow_read.items[i], *other = NULL;

                for (size_t j = 0; j < f->deny_read.n && !other; j++) {
                        const struct path_item *denied = &f->deny_read.items[j];

                        if (!strcmp(denied->path, item->path) || (denied->always && path_may_cover(denied->path, item->path, d->options)))
                                other = denied;
                }
                if (other)
                        draft_left_out(d, LOSS_TOLD, item->where, "%s denies it, and is kept", other->where + (*other->where == '.'));
                else
                        draft_file(d, PART_READING, item->path, "rx", NULL);
        }
}

/* The denial that stands before an allowance to write; NULL: none. */
static const struct path_item *denied(const struct draft *d, const struct filelists *f, const struct path_item *item)
{
        for (size_t i = 0; i < f->deny_write.n; i++)
                if (path_may_cover(f->deny_write.items[i].path, item->path, d->options))
                        return &f->deny_write.items[i];
        for (size_t i = 0; i < f->deny_read.n; i++) {
                const struct path_item *read = &f->deny_read.items[i];

                if (!strcmp(read->path, item->path) || (read->always && path_may_cover(read->path, item->path, d->options)))
                        return read;
        }
        return NULL;
}

static void emit_writing(struct draft *d, const struct filelists *f)
{
        static const char *const devices[] = { "/dev/null", "/dev/zero", "/dev/full", "/dev/tty", "/dev/ptmx", "/dev/pts" };

        /* A device opens only where a rule names it. */
        for (size_t i = 0; i < ARRAY_SIZE(devices); i++)
                draft_file(d, PART_WRITING, devices[i], "rw", NULL);
        for (size_t i = 0; i < f->allow_write.n; i++) {
                const struct path_item *item = &f->allow_write.items[i], *other = denied(d, f, item);

                if (other)
                        draft_left_out(d, LOSS_TOLD, item->where, "%s denies it, and stands before it",
                                       *other->where ? other->where + (*other->where == '.') : "the sandbox itself");
                else
                        draft_file(d, PART_WRITING, item->path, "w", NULL);
        }
        for (size_t i = 0; i < f->deny_write.n; i++)
                draft_file(d, PART_WRITING, f->deny_write.items[i].path, NULL, "w");
}

void filelists_emit(struct draft *d, const struct filelists *f)
{
        static const char *const devices[] = { "/dev/random", "/dev/urandom" };

        emit_reading(d, f);
        for (size_t i = 0; i < ARRAY_SIZE(devices); i++)
                draft_file(d, PART_READING, devices[i], "r", NULL);
        emit_writing(d, f);
}

static void list_clear(struct path_list *list)
{
        for (size_t i = 0; i < list->n; i++) {
                free(list->items[i].path);
                free(list->items[i].where);
        }
        free(list->items);
}

void filelists_clear(struct filelists *f)
{
        list_clear(&f->deny_read);
        list_clear(&f->allow_read);
        list_clear(&f->allow_write);
        list_clear(&f->deny_write);
        *f = (struct filelists){ 0 };
}
