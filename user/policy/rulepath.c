/* SPDX-License-Identifier: Apache-2.0 */
/* The path of a rule, as written and with its variables filled in. */
#include "policy/values.h"

#include "base/cleanup.h"
#include "base/jsontext.h"
#include "policy/reader.h"

#include <limits.h>
#include <string.h>

enum { VARIABLE_WORKSPACE, VARIABLE_HOME, VARIABLE_TMPDIR, VARIABLE_USER, VARIABLES };

static const char *const variable_names[VARIABLES + 1] = { "WORKSPACE", "HOME", "TMPDIR", "USER", NULL };

/* The variable at "${"; -1 for none that is known. *ret_end: the byte after "}", or NULL where it is missing. */
static int variable_at(const char *text, const char **ret_end)
{
        const char *end = strchr(text, '}');

        *ret_end = end ? end + 1 : NULL;
        for (int i = 0; end && i < VARIABLES; i++)
                if (strlen(variable_names[i]) == (size_t)(end - text - 2) &&
                    strncmp(text + 2, variable_names[i], (size_t)(end - text - 2)) == 0)
                        return i;
        return -1;
}

static int unknown_variable(const char *at, const char *end, struct error *e)
{
        _cleanup_free_ char *name = NULL;
        char shown[TEXT_SHOW_MAX];
        const char *nearest;

        if (!end)
                return error_set(e, -EINVAL, "found \"${\" without \"}\", expected ${WORKSPACE}, ${HOME}, ${TMPDIR} or ${USER}");
        name = strndup(at + 2, (size_t)(end - at - 3));
        if (!name)
                return error_set(e, -ENOMEM, "out of memory");
        nearest = nearest_name(name, variable_names);
        return error_set(e, -EINVAL, "found the unknown variable %s, expected %s%s%s", text_show(name, shown), nearest ? "${" : "",
                         nearest ? nearest : "one of ${WORKSPACE}, ${HOME}, ${TMPDIR}, ${USER}", nearest ? "}" : "");
}

static int check_variables(const char *text, struct error *e)
{
        const char *at = text, *end;

        while ((at = strstr(at, "${"))) {
                int v = variable_at(at, &end);

                if (v < 0)
                        return unknown_variable(at, end, e);
                if (v == VARIABLE_USER && at == text)
                        return error_set(e, -EINVAL,
                                         "found ${USER} at the start, expected an absolute path: ${USER} is a name, not a path");
                if (v != VARIABLE_USER && (at != text || (*end && *end != '/')))
                        return error_set(e, -EINVAL, "found ${%s} inside a path, expected it at the start and followed by \"/\" or nothing",
                                         variable_names[v]);
                at = end;
        }
        return 0;
}

/* One component, of n bytes. */
static int check_component(const char *component, size_t n, struct error *e)
{
        if (n == 0)
                return error_set(e, -EINVAL, "found \"//\", expected one slash between names");
        if ((n == 1 && component[0] == '.') || (n == 2 && component[0] == '.' && component[1] == '.'))
                return error_set(e, -EINVAL, "found the component \"%.*s\", expected a path without \".\" and \"..\"", (int)n, component);
        if (n > NAME_MAX)
                return error_set(e, -EINVAL, "found a component of %zu bytes, expected at most %d", n, NAME_MAX);
        return 0;
}

static int check_components(const char *path, struct error *e)
{
        const char *at = *path == '/' ? path + 1 : path;

        while (*at) {
                size_t n = strcspn(at, "/");
                int r = check_component(at, n, e);

                if (r < 0)
                        return r;
                at += n + (at[n] == '/');
        }
        return 0;
}

/* The first component that stands for others, with the slash before it; NULL: the path has none. */
static const char *first_wildcard(const char *path)
{
        for (const char *at = strstr(path, "/*"); at; at = strstr(at + 1, "/*"))
                if (strcspn(at + 1, "/") == strspn(at + 1, "*"))
                        return at;
        return NULL;
}

/* A component that has a "*", of n bytes. */
static int check_wildcard(const char *component, size_t n, bool after_any, struct error *e)
{
        _cleanup_free_ char *name = strndup(component, n);
        char shown[TEXT_SHOW_MAX];

        if (n > 2 || strspn(component, "*") < n)
                return error_set(
                        e, -EINVAL,
                        "found %s, expected \"*\" for one whole name or \"**\" for any number of them: parts of names cannot be matched",
                        text_show(name ? name : "*", shown));
        if (n == 2 && !component[n])
                return error_set(e, -EINVAL,
                                 "found \"**\" at the end, expected the path without it: a folder's rule holds for all below it");
        if (n == 2 && after_any)
                return error_set(e, -EINVAL, "found \"**\" after \"**\", expected it once: it stands for any number of names");
        return 0;
}

static int check_wildcards(const char *path, struct error *e)
{
        const char *start = first_wildcard(path);
        bool after_any = false;
        int n = 0;

        for (const char *at = path + strspn(path, "/"); *at; at += strspn(at, "/")) {
                size_t length = strcspn(at, "/");
                int r = memchr(at, '*', length) ? check_wildcard(at, length, after_any, e) : 0;

                if (r < 0)
                        return r;
                n += start && at > start;
                after_any = length == 2 && strncmp(at, "**", 2) == 0;
                at += length;
        }
        if (n > PATTERN_NAMES_MAX)
                return error_set(e, -EINVAL, "found %d components from the first \"*\" on, expected at most %d", n, PATTERN_NAMES_MAX);
        return 0;
}

int rulepath_parse(const char *text, char **ret, struct error *e)
{
        _cleanup_free_ char *path = NULL;
        char shown[TEXT_SHOW_MAX];
        size_t n = strlen(text);
        int r;

        if (text[0] != '/' && strncmp(text, "${", 2) != 0)
                return error_set(e, -EINVAL,
                                 "found the relative path %s, expected one that starts with \"/\", ${WORKSPACE}, ${HOME} or ${TMPDIR}",
                                 text_show(text, shown));
        if (strstr(text, "//"))
                return error_set(e, -EINVAL, "found \"//\" in %s, expected one slash between names", text_show(text, shown));
        if (n >= PATH_MAX)
                return error_set(e, -EINVAL, "found a path of %zu bytes, expected at most %d", n, PATH_MAX - 1);
        r = check_variables(text, e);
        if (r < 0)
                return r;
        path = strdup(text);
        if (!path)
                return error_set(e, -ENOMEM, "out of memory");
        if (n > 1 && path[n - 1] == '/')
                path[n - 1] = '\0';
        r = check_components(path, e);
        if (r >= 0)
                r = check_wildcards(path, e);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(path);
        return 0;
}

int rulepath_split(const char *path, char **ret_folder, const char **ret_pattern)
{
        const char *pattern = first_wildcard(path);

        *ret_pattern = pattern;
        *ret_folder = !pattern ? strdup(path) : pattern == path ? strdup("/") : strndup(path, (size_t)(pattern - path));
        return *ret_folder ? 0 : -ENOMEM;
}

static int check_value(int v, const char *value, struct error *e)
{
        if (!value)
                return error_set(e, -EINVAL, "${%s} is not known here: start the session with one, or name the path", variable_names[v]);
        if (v == VARIABLE_USER && (!*value || strchr(value, '/')))
                return error_set(e, -EINVAL, "${USER} is no name of a user");
        if (v == VARIABLE_USER)
                return 0;
        if (value[0] != '/')
                return error_set(e, -EINVAL, "${%s} is not an absolute path", variable_names[v]);
        if (check_components(value, e) < 0) {
                error_prefix(e, "${%s}", variable_names[v]);
                return -EINVAL;
        }
        return 0;
}

/* Adds length bytes; returns false where the path would be too long. */
static bool append(char out[PATH_MAX], size_t *n, const char *piece, size_t length)
{
        if (length >= PATH_MAX - *n)
                return false;
        memcpy(out + *n, piece, length);
        *n += length;
        return true;
}

/* A variable's value, without slashes at its end, so that no "//" comes out. */
static size_t value_length(const char *value)
{
        size_t n = strlen(value);

        while (n && value[n - 1] == '/')
                n--;
        return n;
}

int rulepath_expand(const char *path, const struct policy_vars *vars, char **ret, struct error *e)
{
        const char *const values[VARIABLES] = { vars->workspace, vars->home, vars->tmpdir, vars->user };
        char out[PATH_MAX], *copy;
        size_t n = 0;
        bool fits = true;
        int r;

        while (*path && fits) {
                const char *end = path + 1;
                int v = strncmp(path, "${", 2) == 0 ? variable_at(path, &end) : -1;

                if (v < 0) {
                        fits = append(out, &n, path++, 1);
                        continue;
                }
                r = check_value(v, values[v], e);
                if (r < 0)
                        return r;
                fits = append(out, &n, values[v], value_length(values[v]));
                path = end;
        }
        out[n] = '\0';
        if (!fits)
                return error_set(e, -EINVAL, "the path is longer than %d bytes with its variables filled in", PATH_MAX - 1);
        r = check_components(out, e);
        if (r < 0)
                return r;
        copy = strdup(n ? out : "/");
        if (!copy)
                return error_set(e, -ENOMEM, "out of memory");
        *ret = copy;
        return 0;
}
