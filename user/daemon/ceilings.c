/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/ceilings.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "base/log.h"
#include "daemon/file.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#define SUFFIX ".json"
#define FILE_HOST "host" SUFFIX
#define FILE_USER "user" SUFFIX
#define FOLDER_USERS "users"

DEFINE_CLEANUP(struct policy *, policy_free)

#define BROKEN "no session can begin or get another policy under it"

static int unreadable(struct error *e, const char *path, const char *why)
{
        return error_set(e, -ENOTRECOVERABLE, "the ceiling %s cannot be read (%s): " BROKEN, path, why);
}

/* Whoever may write a ceiling may open it. */
static int check_owner(const struct stat *st, const char *path, struct error *e)
{
        if (st->st_uid == 0 && !(st->st_mode & 022))
                return 0;
        return error_set(e, -ENOTRECOVERABLE,
                         "%s must belong to root, and nobody else may write it: chown root %s && chmod go-w %s; until then " BROKEN, path,
                         path, path);
}

/* Whether there is such a folder that only root writes: 1, 0 for none, negative errno. */
static int check_folder(const char *path, struct error *e)
{
        struct stat st;

        if (stat(path, &st) < 0 && errno == ENOENT)
                return 0;
        if (stat(path, &st) < 0)
                return unreadable(e, path, strerror(errno));
        if (!S_ISDIR(st.st_mode))
                return unreadable(e, path, "it is not a folder");
        return check_owner(&st, path, e) < 0 ? -ENOTRECOVERABLE : 1;
}

/* The text of a file that only root writes: 1, 0 for none, negative errno. */
static int read_text(const char *path, char **ret, size_t *length, struct error *e)
{
        _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        struct stat st;
        int r;

        if (fd < 0 && errno == ENOENT)
                return 0;
        if (fd < 0 || fstat(fd, &st) < 0)
                return unreadable(e, path, strerror(errno));
        if (!S_ISREG(st.st_mode))
                return unreadable(e, path, "it is not a file");
        if (check_owner(&st, path, e) < 0)
                return -ENOTRECOVERABLE;
        r = file_read_all(fd, POLICY_TEXT_MAX, ret, length);
        if (r < 0)
                return unreadable(e, path, r == -EFBIG ? "it is longer than 16 MiB" : strerror(-r));
        return 1;
}

static int put(struct ceilings *c, enum hf_layer layer, const char *path, struct policy *policy, char *text)
{
        c->layers[layer].policy = policy;
        c->layers[layer].text = text;
        c->layers[layer].name = strdup(policy->name);
        c->layers[layer].file = strdup(path);
        c->list[layer] = (struct ceiling){ policy, c->layers[layer].file };
        return c->layers[layer].name && c->layers[layer].file ? 0 : -ENOMEM;
}

/* 1 when the file is there, 0 when not, negative errno. */
static int read_layer(struct ceilings *c, enum hf_layer layer, const char *path, struct findings *findings, struct error *e)
{
        _cleanup_findings_ struct findings found = FINDINGS_INIT;
        _cleanup_(policy_freep) struct policy *policy = NULL;
        _cleanup_free_ char *text = NULL;
        size_t length = 0;
        int r = read_text(path, &text, &length, e);

        if (r <= 0)
                return r;
        r = policy_parse(text, length, &policy, &found);
        findings_take(findings, &found, path);
        if (r == -EINVAL)
                return error_set(e, -ENOTRECOVERABLE, "the ceiling %s has errors (%d): " BROKEN, path, found.total);
        if (r < 0 || put(c, layer, path, TAKE_PTR(policy), TAKE_PTR(text)) < 0)
                return error_set(e, -ENOMEM, "out of memory");
        return 1;
}

static int read_file(struct ceilings *c, enum hf_layer layer, const char *folder, const char *name, struct findings *findings,
                     struct error *e)
{
        _cleanup_free_ char *path = NULL;

        if (asprintf(&path, "%s/%s", folder, name) < 0) {
                path = NULL;
                return error_set(e, -ENOMEM, "out of memory");
        }
        return read_layer(c, layer, path, findings, e);
}

/* The user's own, where that name can be one of a file. */
static int read_own(struct ceilings *c, const char *folder, const char *user, struct findings *findings, struct error *e)
{
        _cleanup_free_ char *users = NULL, *name = NULL;
        int r;

        if (strchr(user, '/') || user[0] == '.' || !*user)
                return 0;
        if (asprintf(&users, "%s/" FOLDER_USERS, folder) < 0)
                users = NULL;
        if (asprintf(&name, "%s" SUFFIX, user) < 0)
                name = NULL;
        if (!users || !name)
                return error_set(e, -ENOMEM, "out of memory");
        r = check_folder(users, e);
        return r <= 0 ? r : read_file(c, HF_LAYER_USER, users, name, findings, e);
}

static int read_all(struct ceilings *c, const char *folder, const char *user, struct findings *findings, struct error *e)
{
        int r = read_file(c, HF_LAYER_HOST, folder, FILE_HOST, findings, e);

        if (r >= 0)
                r = read_own(c, folder, user, findings, e);
        return r == 0 ? read_file(c, HF_LAYER_USER, folder, FILE_USER, findings, e) : r;
}

int ceilings_read(const char *folder, const char *user, struct ceilings *ret, struct findings *findings, struct error *e)
{
        _cleanup_ceilings_ struct ceilings c = CEILINGS_INIT;
        int r = check_folder(folder, e);

        if (r > 0)
                r = read_all(&c, folder, user, findings, e);
        if (r < 0)
                return r;
        *ret = c;
        c = (struct ceilings)CEILINGS_INIT;
        return 0;
}

void ceilings_forget(struct ceilings *c)
{
        for (int i = 0; i < HF_LAYERS; i++) {
                c->list[i] = (struct ceiling){ NULL, NULL };
                policy_free(c->layers[i].policy);
                free(c->layers[i].text);
                c->layers[i].policy = NULL;
                c->layers[i].text = NULL;
        }
}

void ceilings_clear(struct ceilings *c)
{
        ceilings_forget(c);
        for (int i = 0; i < HF_LAYERS; i++) {
                free(c->layers[i].name);
                free(c->layers[i].file);
        }
        *c = (struct ceilings)CEILINGS_INIT;
}

/* Checking a folder. */

static bool is_json(const char *name)
{
        size_t n = strlen(name), suffix = strlen(SUFFIX);

        return n > suffix && !strcmp(name + n - suffix, SUFFIX);
}

static void check_file(const char *folder, const char *name)
{
        _cleanup_ceilings_ struct ceilings c = CEILINGS_INIT;
        _cleanup_findings_ struct findings findings = FINDINGS_INIT;
        _cleanup_error_ struct error e = ERROR_INIT;

        if (read_file(&c, HF_LAYER_HOST, folder, name, &findings, &e) >= 0)
                return;
        log_error("%s", error_text(&e));
        for (int i = 0; i < findings.count; i++)
                log_error("%s: %s", findings.list[i].where, findings.list[i].what);
}

/* Looks at what there is; host: this is the folder itself rather than that of the users. */
static void check_files(const char *folder, bool host)
{
        _cleanup_closedir_ DIR *dir = opendir(folder);
        struct dirent *entry;

        while (dir && (entry = readdir(dir))) {
                const char *name = entry->d_name;
                bool expected = host ? !strcmp(name, FILE_HOST) || !strcmp(name, FILE_USER) : name[0] != '.' && is_json(name);

                if (expected)
                        check_file(folder, name);
                else if (is_json(name))
                        log_warning("%s/%s is no ceiling: those are " FILE_HOST ", " FILE_USER " and " FOLDER_USERS "/NAME" SUFFIX, folder,
                                    name);
        }
}

void ceilings_check(const char *folder)
{
        _cleanup_error_ struct error e = ERROR_INIT;
        _cleanup_free_ char *users = NULL;
        int r = check_folder(folder, &e);

        if (r > 0)
                check_files(folder, true);
        if (r > 0 && asprintf(&users, "%s/" FOLDER_USERS, folder) < 0)
                users = NULL;
        if (r > 0 && users)
                r = check_folder(users, &e);
        if (r > 0 && users)
                check_files(users, false);
        if (r < 0)
                log_error("%s", error_text(&e));
}

/* The database, and what the API tells. */

static int save_layer(cJSON *o, const struct ceilings *c, int layer)
{
        cJSON *item = cJSON_AddObjectToObject(o, layer_name((unsigned)layer));

        return item && cJSON_AddStringToObject(item, "file", c->layers[layer].file) &&
                               cJSON_AddStringToObject(item, "text", c->layers[layer].text)
                       ? 0
                       : -ENOMEM;
}

int ceilings_save(const struct ceilings *c, char **ret)
{
        _cleanup_json_ cJSON *o = cJSON_CreateObject();
        bool any = false;
        char *text;

        if (!o || !cJSON_AddBoolToObject(o, "clipped", c->clipped))
                return -ENOMEM;
        for (int i = 0; i < HF_LAYERS; i++) {
                if (!c->layers[i].policy)
                        continue;
                any = true;
                if (save_layer(o, c, i) < 0)
                        return -ENOMEM;
        }
        text = any ? cJSON_PrintUnformatted(o) : NULL;
        if (any && !text)
                return -ENOMEM;
        *ret = text;
        return 0;
}

static int load_layer(struct ceilings *c, enum hf_layer layer, const cJSON *item)
{
        _cleanup_findings_ struct findings findings = FINDINGS_INIT;
        _cleanup_(policy_freep) struct policy *policy = NULL;
        const char *file = json_get_string(item, "file"), *text = json_get_string(item, "text");
        char *copy;
        int r;

        if (!file || !text)
                return -EBADMSG;
        r = policy_parse(text, strlen(text), &policy, &findings);
        if (r < 0)
                return r;
        copy = strdup(text);
        return copy ? put(c, layer, file, TAKE_PTR(policy), copy) : -ENOMEM;
}

int ceilings_load(const char *text, struct ceilings *ret)
{
        _cleanup_ceilings_ struct ceilings c = CEILINGS_INIT;
        _cleanup_json_ cJSON *o = text ? cJSON_Parse(text) : NULL;
        int r = !text || o ? 0 : -EBADMSG;

        for (int i = 0; i < HF_LAYERS && r == 0; i++) {
                const cJSON *item = json_get_object(o, layer_name((unsigned)i));

                if (item)
                        r = load_layer(&c, (enum hf_layer)i, item);
        }
        if (r < 0)
                return r;
        c.clipped = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(o, "clipped"));
        *ret = c;
        c = (struct ceilings)CEILINGS_INIT;
        return 0;
}

cJSON *ceilings_json(const struct ceilings *c)
{
        cJSON *list = cJSON_CreateArray();

        for (int i = 0; list && i < HF_LAYERS; i++) {
                cJSON *item = c->layers[i].file ? cJSON_CreateObject() : NULL;

                if (!item)
                        continue;
                cJSON_AddStringToObject(item, "layer", layer_name((unsigned)i));
                json_add_text(item, "name", c->layers[i].name);
                json_add_text(item, "file", c->layers[i].file);
                cJSON_AddItemToArray(list, item);
        }
        return list;
}
