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

int library_read(const char *name, char **ret, size_t *length, struct error *e)
{
        char buffer[PATH_MAX];

        if (!name_valid(name))
                return error_set(e, -EINVAL, "\"%s\" cannot be the name of a policy: letters, digits, \".\", \"_\" and \"-\"", name);
        for (int i = 0; i < FOLDERS; i++) {
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
                if (r == 0)
                        return 0;
                if (r != -ENOENT)
                        return error_set(e, r, "cannot read %s: %s", path, strerror(-r));
        }
        return error_set(e, -ENOENT, "there is no policy \"%s\"; holdfast policy list names those there are", name);
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
        cJSON_AddItemToArray(list, item);
}

cJSON *library_list(void)
{
        cJSON *list = cJSON_CreateArray();
        char buffer[PATH_MAX];

        for (int i = 0; list && i < FOLDERS; i++) {
                const char *f = folder(i, buffer);
                _cleanup_closedir_ DIR *dir = f ? opendir(f) : NULL;
                struct dirent *entry;

                while (dir && (entry = readdir(dir))) {
                        char *end = strrchr(entry->d_name, '.');

                        if (!end || strcmp(end, SUFFIX) != 0)
                                continue;
                        *end = '\0';
                        if (name_valid(entry->d_name) && !has(list, entry->d_name))
                                add_item(list, f, entry->d_name);
                }
        }
        return list;
}
