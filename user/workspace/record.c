/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "base/json.h"
#include "base/time.h"
#include "workspace/workspace.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#define RECORD_NEW WORKSPACE_RECORD ".new"

void workspace_clear(struct workspace *w)
{
        free(w->id);
        free(w->user);
        free(w->path);
        free(w->agent);
        free(w->folder);
        *w = (struct workspace){ 0 };
}

/* Not its device's number, which may be another after a restart of the host. */
int folder_is(int fd, char ret[FOLDER_SIZE])
{
        struct statx st;

        if (statx(fd, "", AT_EMPTY_PATH, STATX_INO | STATX_BTIME, &st) < 0)
                return -errno;
        if (!(st.stx_mask & STATX_BTIME))
                st.stx_btime = (struct statx_timestamp){ 0 };
        snprintf(ret, FOLDER_SIZE, "%llu %lld.%09u", (unsigned long long)st.stx_ino, (long long)st.stx_btime.tv_sec, st.stx_btime.tv_nsec);
        return 0;
}

cJSON *workspace_json(const struct workspace *w)
{
        _cleanup_json_ cJSON *o = cJSON_CreateObject();
        char time[TIME_TEXT_SIZE];

        if (!o || json_add_text(o, "id", w->id) < 0 || json_add_text(o, "path", w->path) < 0 || json_add_text(o, "user", w->user) < 0 ||
            json_add_text(o, "agent", w->agent) < 0)
                return NULL;
        cJSON_AddStringToObject(o, "state", w->ended ? "ended" : "running");
        cJSON_AddStringToObject(o, "started", time_format(w->started, time));
        if (w->ended)
                cJSON_AddStringToObject(o, "ended", time_format(w->ended, time));
        else
                cJSON_AddNullToObject(o, "ended");
        cJSON_AddStringToObject(o, "at_end", w->discard ? "discard" : "keep");
        return TAKE_PTR(o);
}

int workspace_write(int folder, const struct workspace *w, bool durable)
{
        _cleanup_json_ cJSON *o = workspace_json(w);
        _cleanup_buffer_ struct buffer text = BUFFER_INIT;
        _cleanup_close_ int fd = -1;

        if (!o || json_add_u64(o, "uid", w->uid) < 0 || json_add_text(o, "folder", w->folder) < 0 || json_print(&text, o, 1 << 20) < 0 ||
            buffer_append(&text, "\n", 1) < 0)
                return -ENOMEM;
        fd = openat(folder, RECORD_NEW, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd < 0 || write(fd, text.data, text.length) != (ssize_t)text.length || (durable && fsync(fd) < 0) ||
            renameat(folder, RECORD_NEW, folder, WORKSPACE_RECORD) < 0)
                return errno ? -errno : -EIO;
        return 0;
}

static int take_text(const cJSON *o, const char *name, char **ret)
{
        const char *text = json_get_string(o, name);

        *ret = text ? strdup(text) : NULL;
        return *ret ? 0 : text ? -ENOMEM : -EBADMSG;
}

static int take_time(const cJSON *o, const char *name, uint64_t *ret)
{
        const char *text = json_get_string(o, name);

        *ret = 0;
        return text ? time_parse(text, ret) : 0;
}

static int take_members(const cJSON *o, struct workspace *w)
{
        const char *at_end = json_get_string(o, "at_end");
        uint64_t uid = 0;

        if (!at_end || json_get_u64(o, "uid", &uid) < 0 || take_text(o, "id", &w->id) < 0 || take_text(o, "user", &w->user) < 0 ||
            take_text(o, "path", &w->path) < 0 || take_text(o, "agent", &w->agent) < 0 || take_text(o, "folder", &w->folder) < 0 ||
            take_time(o, "started", &w->started) < 0 || take_time(o, "ended", &w->ended) < 0)
                return -EBADMSG;
        w->uid = (uid_t)uid;
        w->discard = !strcmp(at_end, "discard");
        return 0;
}

int workspace_read(int folder, struct workspace *ret)
{
        struct workspace w = { 0 };
        _cleanup_buffer_ struct buffer text = BUFFER_INIT;
        _cleanup_close_ int fd = openat(folder, WORKSPACE_RECORD, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
        _cleanup_json_ cJSON *o = NULL;
        int r = fd < 0 ? -errno : buffer_read(&text, fd);

        if (r < 0)
                return r;
        o = text.data ? cJSON_ParseWithLength(text.data, text.length) : NULL;
        r = take_members(o, &w);
        if (r < 0)
                workspace_clear(&w);
        else
                *ret = w;
        return r;
}
