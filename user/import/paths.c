/* SPDX-License-Identifier: Apache-2.0 */
#include "import/paths.h"

#include "base/cleanup.h"
#include "policy/values.h"

#include <ctype.h>
#include <limits.h>
#include <string.h>

#define WORKSPACE "${WORKSPACE}"
#define HOME "${HOME}"

/* The part behind the root, and the root: "", WORKSPACE or HOME. *anywhere: at any depth there. */
static int split_root(const char *text, enum path_style style, const char **root, const char **rest, bool *anywhere, struct error *e)
{
        *anywhere = false;
        *rest = text;
        if (text[0] == '~') {
                if (text[1] && text[1] != '/')
                        return error_set(e, -EINVAL, "the home folder of another user has no variable; write the path");
                *root = HOME;
                *rest = text + 1;
                return 0;
        }
        if (text[0] == '/') {
                *root = style == PATH_RULE && text[1] != '/' ? WORKSPACE : "";
                return 0;
        }
        if (style == PATH_PLAIN)
                return error_set(e, -EINVAL, "it is relative to a folder that the policy does not know; write the whole path");
        if (isalpha((unsigned char)text[0]) && text[1] == ':' && text[2] == '/')
                return error_set(e, -EINVAL, "it is a path of Windows");
        *root = WORKSPACE;
        /* As in gitignore: a name without a slash is meant at any depth. */
        *anywhere = style == PATH_RULE && !text[strcspn(text, "/") + (text[strcspn(text, "/")] == '/')] && strcmp(text, ".") != 0 &&
                    strcmp(text, "./") != 0;
        return 0;
}

/* What no rule can say. */
static int check_text(const char *text, struct error *e)
{
        if (!*text)
                return error_set(e, -EINVAL, "it is empty");
        if (strpbrk(text, "\\"))
                return error_set(e, -EINVAL, "a backslash has no meaning in a rule's path");
        if (strstr(text, "${"))
                return error_set(e, -EINVAL, "\"${\" begins a variable in a rule's path, and is a name here");
        if (text[0] == '!')
                return error_set(e, -EINVAL, "a rule cannot make an exception by \"!\"");
        return 0;
}

/* Names of a path while it is put together. */
struct names {
        const char *at[PATH_MAX / 2];
        size_t length[PATH_MAX / 2];
        size_t n;
};

static bool is_name(const struct names *p, size_t i, const char *name)
{
        return p->length[i] == strlen(name) && strncmp(p->at[i], name, p->length[i]) == 0;
}

static int add_name(struct names *p, const char *root, const char *name, size_t n, struct error *e)
{
        if (n == 0 || (n == 1 && *name == '.'))
                return 0;
        if (n == 2 && strncmp(name, "..", 2) == 0) {
                if (!p->n && *root)
                        return error_set(e, -EINVAL, "it leads out of %s, and a rule's path has no \"..\"; write the whole path", root);
                if (p->n && memchr(p->at[p->n - 1], '*', p->length[p->n - 1]))
                        return error_set(e, -EINVAL, "\"..\" behind a \"*\" has no path");
                p->n -= p->n > 0;
                return 0;
        }
        if (p->n == sizeof(p->at) / sizeof(p->at[0]))
                return error_set(e, -EINVAL, "it is too long");
        p->at[p->n] = name;
        p->length[p->n] = n;
        if (memchr(name, '*', n) && !is_name(p, p->n, "*") && !is_name(p, p->n, "**"))
                return error_set(e, -EINVAL, "parts of names cannot be matched, only whole ones by \"*\" and \"**\"");
        for (size_t i = 0; i < n; i++)
                if (strchr("?[]{}", name[i]))
                        return error_set(e, -EINVAL, "parts of names cannot be matched, and \"%c\" may be meant so", name[i]);
        if (p->n && is_name(p, p->n, "**") && is_name(p, p->n - 1, "**"))
                return 0;
        p->n++;
        return 0;
}

static int join(const struct names *p, const char *root, char **ret, struct error *e)
{
        char path[PATH_MAX];
        size_t length = (size_t)snprintf(path, sizeof(path), "%s", p->n ? root : *root ? root : "/");

        for (size_t i = 0; i < p->n; i++) {
                int n = length < sizeof(path) ? snprintf(path + length, sizeof(path) - length, "/%.*s", (int)p->length[i], p->at[i]) : 0;

                length += (size_t)n;
        }
        if (length >= sizeof(path))
                return error_set(e, -EINVAL, "it is longer than %d bytes", PATH_MAX - 1);
        return rulepath_parse(path, ret, e);
}

int path_translate(const char *text, enum path_style style, char **ret, struct error *e)
{
        const char *root = "", *rest = text;
        struct names names = { .n = 0 };
        bool anywhere = false;
        int r = check_text(text, e);

        if (r == 0)
                r = split_root(text, style, &root, &rest, &anywhere, e);
        if (r == 0 && anywhere)
                r = add_name(&names, root, "**", 2, e);
        for (const char *at = rest; r == 0 && *at;) {
                size_t n = strcspn(at, "/");

                r = add_name(&names, root, at, n, e);
                at += n + (at[n] == '/');
        }
        if (r < 0)
                return r;
        /* A folder's rule holds for all below it. */
        while (names.n && is_name(&names, names.n - 1, "**"))
                names.n--;
        return join(&names, root, ret, e);
}

/* Where a rule's path is now; a variable that is not known stays a name. To be freed. */
static char *placed(const char *path, const struct import_options *o)
{
        const char *value = strncmp(path, HOME, strlen(HOME)) == 0             ? o->home
                            : strncmp(path, WORKSPACE, strlen(WORKSPACE)) == 0 ? o->workspace
                                                                               : NULL;
        char *ret;

        if (!value)
                return strdup(path);
        return asprintf(&ret, "%s%s", value, strchr(path, '}') + 1) < 0 ? NULL : ret;
}

static size_t split(char *path, char *names[PATH_MAX / 2])
{
        char *rest;
        size_t n = 0;

        for (char *name = strtok_r(path, "/", &rest); name && n < PATH_MAX / 2; name = strtok_r(NULL, "/", &rest))
                names[n++] = name;
        return n;
}

/* Whether the names of outer, all of them, may stand for the first ones of inner. Row by row from the end: reach[j] is so of inner from j
 * on. */
static bool leads(char *const *outer, size_t n_outer, char *const *inner, size_t n_inner)
{
        bool reach[PATH_MAX / 2 + 1], next[PATH_MAX / 2 + 1];

        for (size_t j = 0; j <= n_inner; j++)
                next[j] = true;
        for (size_t i = n_outer; i-- > 0;) {
                const bool many = strcmp(outer[i], "**") == 0;

                for (size_t j = n_inner + 1; j-- > 0;) {
                        const char *name = j < n_inner ? inner[j] : NULL;

                        reach[j] = many && next[j];
                        if (!name)
                                continue;
                        if (many)
                                reach[j] |= reach[j + 1];
                        else if (strcmp(name, "**") == 0)
                                reach[j] |= reach[j + 1] || next[j];
                        else if (!strcmp(outer[i], "*") || !strcmp(name, "*") || !strcmp(outer[i], name))
                                reach[j] |= next[j + 1];
                }
                memcpy(next, reach, (n_inner + 1) * sizeof(*next));
        }
        return next[0];
}

static bool same_root(const char *a, const char *b)
{
        const size_t n = strcspn(a, "/");

        return n == strcspn(b, "/") && strncmp(a, b, n) == 0;
}

bool path_may_cover(const char *outer, const char *inner, const struct import_options *o)
{
        static const struct import_options nowhere;
        const struct import_options *here = same_root(outer, inner) ? &nowhere : o;
        _cleanup_free_ char *a = placed(outer, here), *b = placed(inner, here);
        char *as[PATH_MAX / 2], *bs[PATH_MAX / 2];

        /* Folders that people work in are in their home. */
        if (strcmp(outer, HOME) == 0 && strncmp(inner, WORKSPACE, strlen(WORKSPACE)) == 0)
                return true;
        if (!a || !b || strlen(a) >= PATH_MAX || strlen(b) >= PATH_MAX)
                return true;
        return leads(as, split(a, as), bs, split(b, bs));
}
