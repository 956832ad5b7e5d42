/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/drills.h"

#include "audit/signed.h"
#include "base/cleanup.h"
#include "base/json.h"
#include "base/log.h"
#include "base/time.h"

#include <dirent.h>
#include <fcntl.h>
#include <gnutls/crypto.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

struct names {
        struct dirent **list;
        int count;
};

static void names_clear(struct names *n)
{
        for (int i = 0; i < n->count; i++)
                free(n->list[i]);
        free(n->list);
}

#define _cleanup_names_ _cleanup_(names_clear)

static int is_report(const struct dirent *entry)
{
        size_t n = strlen(entry->d_name);

        return entry->d_name[0] != '.' && n > 5 && !strcmp(entry->d_name + n - 5, ".json");
}

/* Names begin with the time, so that the oldest comes first. */
static void list_names(const char *folder, struct names *ret)
{
        ret->count = scandir(folder, &ret->list, is_report, alphasort);
        if (ret->count < 0)
                *ret = (struct names){ NULL, 0 };
}

static int load(const char *folder, const char *name, struct buffer *text, char path[PATH_MAX])
{
        _cleanup_close_ int fd = -1;
        struct stat st;
        ssize_t n;

        if (snprintf(path, PATH_MAX, "%s/%s", folder, name) >= PATH_MAX)
                return -ENAMETOOLONG;
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
        if (fd < 0)
                return -errno;
        if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size > SIGNED_MAX)
                return -EINVAL;
        buffer_truncate(text, 0);
        if (buffer_reserve(text, (size_t)st.st_size) < 0)
                return -ENOMEM;
        n = read(fd, text->data, (size_t)st.st_size);
        if (n < 0)
                return -errno;
        text->data[n] = '\0';
        text->length = (size_t)n;
        return 0;
}

/* A report, without a look at its signature: who can write the folder is root. NULL where it is none. */
static cJSON *report_read(const char *folder, const char *name, struct buffer *text, char path[PATH_MAX])
{
        _cleanup_json_ cJSON *report = NULL;

        if (load(folder, name, text, path) < 0)
                return NULL;
        report = cJSON_ParseWithLength(text->data, text->length);
        return json_get_string(report, "recorded") ? TAKE_PTR(report) : NULL;
}

static bool passed(const cJSON *report, uint64_t *time)
{
        bool yes = false;

        if (time_parse(json_get_string(report, "recorded"), time) < 0)
                *time = 0;
        return json_get_bool(report, "passed", &yes) == 0 && yes;
}

/* The place of the last that passed, or -1; and what its time is, and that of the last. */
static int last_passed(const char *folder, const struct names *names, struct drills *ret)
{
        _cleanup_buffer_ struct buffer text = BUFFER_INIT;
        char path[PATH_MAX];

        for (int i = names->count - 1; i >= 0; i--) {
                _cleanup_json_ cJSON *report = report_read(folder, names->list[i]->d_name, &text, path);
                uint64_t time;
                bool good;

                if (!report)
                        continue;
                good = passed(report, &time);
                if (!ret->last)
                        ret->last = time;
                if (!good)
                        continue;
                ret->passed = time;
                return i;
        }
        return -1;
}

static int folder_of(const char *state, char out[PATH_MAX])
{
        return snprintf(out, PATH_MAX, "%s/drills", state) >= PATH_MAX ? -ENAMETOOLONG : 0;
}

void drills_read(const char *state, struct drills *ret)
{
        _cleanup_names_ struct names names = { NULL, 0 };
        char folder[PATH_MAX];

        *ret = (struct drills){ 0, 0 };
        if (folder_of(state, folder) < 0)
                return;
        list_names(folder, &names);
        last_passed(folder, &names, ret);
}

static void prune(const char *folder)
{
        _cleanup_names_ struct names names = { NULL, 0 };
        struct drills times = { 0, 0 };
        char path[PATH_MAX];
        int keep;

        list_names(folder, &names);
        keep = last_passed(folder, &names, &times);
        for (int i = 0; i < names.count - DRILLS_KEPT; i++) {
                if (i == keep || snprintf(path, sizeof(path), "%s/%s", folder, names.list[i]->d_name) >= (int)sizeof(path))
                        continue;
                if (unlink(path) < 0)
                        log_warning("cannot remove the report of a drill %s: %s", path, strerror(errno));
        }
}

/* "20260102T030405Z-ID.json" */
static int file_of(const char *folder, uint64_t time, const char *id, char **ret)
{
        char text[TIME_TEXT_SIZE];

        time_format(time, text);
        if (asprintf(ret, "%s/%.4s%.2s%.2sT%.2s%.2s%.2sZ-%s.json", folder, text, text + 5, text + 8, text + 11, text + 14, text + 17, id) <
            0)
                return -ENOMEM;
        return 0;
}

static int write_new(const char *path, const struct buffer *report)
{
        _cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
        int r;

        if (fd < 0)
                return -errno;
        errno = 0;
        if (write(fd, report->data, report->length) == (ssize_t)report->length && fsync(fd) == 0)
                return 0;
        r = errno ? -errno : -EIO;
        unlink(path);
        return r;
}

int drills_store(const char *state, uint64_t time, const char *id, const struct buffer *report, char **path, struct error *e)
{
        _cleanup_free_ char *file = NULL;
        char folder[PATH_MAX];
        int r = folder_of(state, folder);

        if (r == 0 && mkdir(folder, 0700) < 0 && errno != EEXIST)
                r = -errno;
        if (r < 0)
                return error_set(e, r, "cannot make the folder of the reports of drills, %s/drills: %s", state, strerror(-r));
        r = file_of(folder, time, id, &file);
        if (r < 0)
                return error_set(e, r, "out of memory");
        r = write_new(file, report);
        if (r < 0)
                return error_set(e, r, "cannot write the report of the drill %s: %s", file, strerror(-r));
        prune(folder);
        *path = TAKE_PTR(file);
        return 0;
}

void drill_digest(const void *bytes, size_t length, char hex[65])
{
        uint8_t digest[32] = { 0 };

        gnutls_hash_fast(GNUTLS_DIG_SHA256, bytes, length, digest);
        for (size_t i = 0; i < sizeof(digest); i++)
                snprintf(hex + 2 * i, 3, "%02x", digest[i]);
}

static void copy_text(cJSON *to, const cJSON *report, const char *name)
{
        const char *text = json_get_string(report, name);

        if (text)
                json_add_text(to, name, text);
}

static cJSON *entry_of(const cJSON *report, const struct buffer *text, const char *path)
{
        cJSON *o = cJSON_CreateObject();
        uint64_t time;
        char hex[65];

        if (!o)
                return NULL;
        drill_digest(text->data, text->length, hex);
        copy_text(o, report, "id");
        copy_text(o, report, "recorded");
        cJSON_AddBoolToObject(o, "passed", passed(report, &time));
        copy_text(o, report, "actor");
        copy_text(o, report, "host");
        json_add_text(o, "path", path);
        cJSON_AddStringToObject(o, "sha256", hex);
        return o;
}

cJSON *drills_list(const char *state)
{
        _cleanup_names_ struct names names = { NULL, 0 };
        _cleanup_buffer_ struct buffer text = BUFFER_INIT;
        cJSON *list = cJSON_CreateArray();
        char folder[PATH_MAX], path[PATH_MAX];

        if (!list || folder_of(state, folder) < 0)
                return list;
        list_names(folder, &names);
        for (int i = 0; i < names.count; i++) {
                _cleanup_json_ cJSON *report = report_read(folder, names.list[i]->d_name, &text, path);

                if (report)
                        cJSON_AddItemToArray(list, entry_of(report, &text, path));
        }
        return list;
}
