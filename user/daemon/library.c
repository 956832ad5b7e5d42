/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/library.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "base/paths.h"
#include "daemon/file.h"
#include "policy/policy.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#define SUFFIX ".json"
#define FOLDERS 2

/* The folder by its place in the search; NULL where it is not known. */
static const char *folder(int i, char buffer[PATH_MAX])
{
        if (i == 0)
                return PATH_POLICIES_SITE;
        return path_installed(SUFFIX_POLICIES, buffer, PATH_MAX) < 0 ? NULL : buffer;
}

static bool name_valid(const char *name)
{
        static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
        size_t n = strlen(name);

        return n > 0 && n <= 128 && name[0] != '.' && strspn(name, allowed) == n;
}

/* The number of the folder that the file lies in under that name; -1: in none. */
static int folder_of(const char *file, const char *name)
{
        char buffer[PATH_MAX];

        for (int i = 0; i < FOLDERS; i++) {
                const char *f = folder(i, buffer);
                const size_t n = f ? strlen(f) : 0;

                if (f && !strncmp(file, f, n) && file[n] == '/' && !strncmp(file + n + 1, name, strlen(name)) &&
                    !strcmp(file + n + 1 + strlen(name), SUFFIX))
                        return i;
        }
        return -1;
}

/* Looks in the folders from the first one on. */
static int read_from(int first, const char *name, char **ret, size_t *length, char **file, struct error *e)
{
        char buffer[PATH_MAX];

        if (!name_valid(name))
                return error_set(e, -EINVAL, "\"%s\" cannot be the name of a policy: letters, digits, \".\", \"_\" and \"-\"", name);
        for (int i = first; i < FOLDERS; i++) {
                _cleanup_free_ char *path = NULL;
                const char *f = folder(i, buffer);
                int r;

                if (!f)
                        continue;
                if (asprintf(&path, "%s/%s" SUFFIX, f, name) < 0) {
                        path = NULL;
                        return error_set(e, -ENOMEM, "out of memory");
                }
                r = file_read(AT_FDCWD, path, POLICY_TEXT_MAX, ret, length);
                if (r == 0 && file)
                        *file = TAKE_PTR(path);
                if (r == 0)
                        return 0;
                if (r != -ENOENT)
                        return error_set(e, r, "cannot read %s: %s", path, strerror(-r));
        }
        return error_set(e, -ENOENT, "there is no policy \"%s\"; holdfast policy list names those there are", name);
}

int library_read(const char *name, char **ret, size_t *length, char **file, struct error *e)
{
        return read_from(0, name, ret, length, file, e);
}

static int read_extended(void *context, const char *name, const char *from, char **text, size_t *length, char **file, struct error *e)
{
        (void)context;
        return read_from(from ? folder_of(from, name) + 1 : 0, name, text, length, file, e);
}

int library_load(const char *text, size_t length, const char *file, struct policy **ret, char **ret_text, struct findings *findings)
{
        static const struct policy_library library = { read_extended, NULL };

        return policy_load(text, length, file, &library, ret, ret_text, findings);
}

static bool has(const cJSON *list, const char *name)
{
        const cJSON *item;

        cJSON_ArrayForEach (item, list) {
                const char *other = json_get_string(item, "name");

                if (other && !strcmp(other, name))
                        return true;
        }
        return false;
}

static void add_item(cJSON *list, const char *f, const char *name)
{
        _cleanup_json_ cJSON *tree = NULL;
        _cleanup_free_ char *path = NULL, *text = NULL;
        cJSON *item = cJSON_CreateObject();
        const char *description;
        const cJSON *programs;

        if (!item)
                return;
        if (asprintf(&path, "%s/%s" SUFFIX, f, name) < 0)
                path = NULL;
        if (path && file_read(AT_FDCWD, path, POLICY_TEXT_MAX, &text, NULL) == 0)
                tree = cJSON_Parse(text);
        description = tree ? json_get_string(tree, "description") : NULL;
        json_add_text(item, "name", name);
        if (path)
                json_add_text(item, "path", path);
        json_add_text(item, "description", description ? description : "");
        programs = tree ? json_get_array(tree, "programs") : NULL;
        cJSON_AddItemToObject(item, "programs", programs ? cJSON_Duplicate(programs, true) : cJSON_CreateArray());
        cJSON_AddItemToArray(list, item);
}

static int is_policy(const struct dirent *entry)
{
        const char *end = strrchr(entry->d_name, '.');

        return end && !strcmp(end, SUFFIX);
}

static void add_folder(cJSON *list, const char *f)
{
        struct dirent **entries = NULL;
        const int n = scandir(f, &entries, is_policy, alphasort);

        for (int i = 0; i < n; i++) {
                char *name = entries[i]->d_name;

                *strrchr(name, '.') = '\0';
                if (name_valid(name) && !has(list, name))
                        add_item(list, f, name);
                free(entries[i]);
        }
        free(entries);
}

cJSON *library_list(void)
{
        cJSON *list = cJSON_CreateArray();
        char buffer[PATH_MAX];

        for (int i = 0; list && i < FOLDERS; i++) {
                const char *f = folder(i, buffer);

                if (f)
                        add_folder(list, f);
        }
        return list;
}
