/* SPDX-License-Identifier: Apache-2.0 */
/* /v1/workspaces: what sessions wrote apart from the folder they worked in. */
#include "base/cleanup.h"
#include "base/json.h"
#include "daemon/access.h"
#include "daemon/daemon.h"
#include "daemon/events.h"
#include "daemon/routes.h"
#include "daemon/workspaces.h"

#include <fcntl.h>
#include <string.h>

#define HELD 900 /* s that a client waits at most: more than any of the work may take */

static bool sees(const struct peer *p, const struct workspace *w)
{
        return p->uid == 0 || p->uid == w->uid;
}

void route_workspaces_list(struct http_request *r, void *context)
{
        struct daemon *d = context;
        int all = workspaces_folder(d);
        _cleanup_closedir_ DIR *dir = all < 0 ? NULL : fdopendir(all);
        _cleanup_json_ cJSON *list = cJSON_CreateArray();
        const struct dirent *entry;
        struct peer peer;

        if (access_peer(d, r, &peer) < 0)
                return;
        while (dir && (entry = readdir(dir))) {
                _cleanup_close_ int folder = workspaces_open(d, entry->d_name);
                _cleanup_workspace_ struct workspace w = { 0 };

                if (folder >= 0 && workspace_read(folder, &w) == 0 && sees(&peer, &w))
                        cJSON_AddItemToArray(list, workspace_json(&w));
        }
        http_reply(r, 200, TAKE_PTR(list));
}

/* The one that the path names. False: the problem is answered. */
static bool named(struct daemon *d, struct http_request *r, struct peer *peer, struct workspace *w)
{
        const char *id = http_segment(r, "id");
        _cleanup_close_ int folder = -1;

        if (access_peer(d, r, peer) < 0)
                return false;
        folder = workspaces_open(d, id);
        if (folder >= 0 && workspace_read(folder, w) == 0 && sees(peer, w))
                return true;
        http_problem(r, 404, "not-found", NULL, "there is no workspace %.64s", id);
        return false;
}

/* Its session would go on writing. */
static bool at_rest(struct daemon *d, struct http_request *r, const struct workspace *w)
{
        if (!workspaces_busy(d, w->id))
                return true;
        http_problem(r, 409, "conflict", NULL, "session %s still works in it: let it end, or kill it first", w->id);
        return false;
}

/* ---- waiting for the work ------------------------------------------------------------------------------------------------------- */

static void refuse(struct http_request *r, const cJSON *head, const char *text)
{
        _cleanup_findings_ struct findings findings = FINDINGS_INIT;
        _cleanup_error_ struct error e = ERROR_INIT;
        const cJSON *item, *number = cJSON_GetObjectItemCaseSensitive(head, "errno");
        const int code = cJSON_IsNumber(number) ? -number->valueint : -EIO;

        cJSON_ArrayForEach (item, json_get_array(head, "errors")) {
                const char *where = json_get_string(item, "where"), *what = json_get_string(item, "what");

                findings_add(&findings, where ? where : "", "%s", what ? what : "");
        }
        error_set(&e, code, "%s", text);
        if (findings.total)
                http_problem(r, 409, "conflict", &findings, "%s", text);
        else
                http_problem_errno(r, &e);
}

static bool is_done(struct http_request *r, bool last, void *of, void *context)
{
        _cleanup_json_ cJSON *head = NULL;
        _cleanup_close_ int body = -1;
        const char *text;
        int code = job_answer(context, *(uint64_t *)of, &head, &body);
        struct stat st;

        if (code == -EAGAIN)
                return last; /* the answer then says that it goes on */
        text = json_get_string(head, "error");
        if (code < 0 || fstat(body, &st) < 0)
                http_problem(r, 500, "internal", NULL,
                             "the work on the workspace ended early: it took too long or too much memory, or was killed");
        else if (text)
                refuse(r, head, text);
        else
                http_reply_file(r, 200, TAKE_FD(body), (size_t)st.st_size);
        return true;
}

/* False: why not is answered. */
static bool begin(struct daemon *d, struct http_request *r, const cJSON *order, const char *op, const char *actor, uid_t uid)
{
        _cleanup_error_ struct error e = ERROR_INIT;
        uint64_t *number = malloc(sizeof(*number));
        cJSON *later = cJSON_CreateObject();

        cJSON_AddBoolToObject(later, "later", true);
        if (!number || !later || job_start(d, order, op, actor, uid, number, &e) < 0) {
                http_problem_errno(r, &e);
                cJSON_Delete(later);
                free(number);
                return false;
        }
        http_reply(r, 202, later);
        http_hold(r, HELD, is_done, number);
        return true;
}

/* ---- the routes ----------------------------------------------------------------------------------------------------------------- */

void route_workspace_diff(struct http_request *r, void *context)
{
        struct daemon *d = context;
        _cleanup_workspace_ struct workspace w = { 0 };
        _cleanup_json_ cJSON *order = cJSON_CreateObject();
        const char *patch = http_query(r, "patch");
        struct peer peer;

        if (!named(d, r, &peer, &w))
                return;
        if (patch && strcmp(patch, "true") != 0 && strcmp(patch, "false") != 0) {
                http_problem(r, 400, "bad-request", NULL, "patch: expected true or false");
                return;
        }
        cJSON_AddStringToObject(order, "do", "diff");
        cJSON_AddStringToObject(order, "id", w.id);
        cJSON_AddBoolToObject(order, "patch", patch && !strcmp(patch, "true"));
        begin(d, r, order, NULL, NULL, peer.uid);
}

static bool read_paths(struct http_request *r, const cJSON *body, cJSON *order)
{
        static const char *const names[] = { "paths", "force", NULL };
        const cJSON *paths = cJSON_GetObjectItemCaseSensitive(body, "paths"), *item;
        bool force = false;

        if (!request_members(r, body, names))
                return false;
        if (json_get_bool(body, "force", &force) == -EINVAL) {
                http_problem(r, 400, "bad-request", NULL, "$.force: expected true or false");
                return false;
        }
        cJSON_ArrayForEach (item, paths)
                if (!cJSON_IsString(item) || !*item->valuestring)
                        break;
        if (paths && (!cJSON_IsArray(paths) || item)) {
                http_problem(r, 400, "bad-request", NULL, "$.paths: expected an array of paths, from the workspace");
                return false;
        }
        cJSON_AddBoolToObject(order, "force", force);
        if (paths)
                cJSON_AddItemToObject(order, "paths", cJSON_Duplicate(paths, true));
        return true;
}

static void emit(struct daemon *d, const char *op, const char *actor, const char *reason)
{
        cJSON *o = event_begin(d, NULL, "admin", "allow", actor);

        if (o) {
                cJSON_AddStringToObject(o, "op", op);
                json_add_text(o, "reason", reason);
        }
        event_emit(d, o);
}

/* What it comes to is told as it ends; this is there whatever ends it, or the daemon. */
static void emit_apply(struct daemon *d, const struct workspace *w, const cJSON *order, const char *actor)
{
        const cJSON *paths = cJSON_GetObjectItemCaseSensitive(order, "paths");
        const bool force = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(order, "force"));
        char reason[128], chosen[32] = "all";

        if (paths)
                snprintf(chosen, sizeof(chosen), "%d chosen", cJSON_GetArraySize(paths));
        snprintf(reason, sizeof(reason), "of workspace %.16s %s changes are to be made so in the folder%s", w->id, chosen,
                 force ? ", also over what others changed" : "");
        emit(d, "workspace-apply", actor, reason);
}

void route_workspace_apply(struct http_request *r, void *context)
{
        struct daemon *d = context;
        _cleanup_workspace_ struct workspace w = { 0 };
        _cleanup_json_ cJSON *order = cJSON_CreateObject();
        char actor[ACTOR_SIZE];
        const cJSON *body;
        struct peer peer;

        if (!named(d, r, &peer, &w) || !(body = http_json(r)) || !read_paths(r, body, order) || !at_rest(d, r, &w))
                return;
        cJSON_AddStringToObject(order, "do", "apply");
        cJSON_AddStringToObject(order, "id", w.id);
        if (begin(d, r, order, "workspace-apply", peer_actor(&peer, actor), peer.uid))
                emit_apply(d, &w, order, actor);
}

void route_workspace_discard(struct http_request *r, void *context)
{
        struct daemon *d = context;
        _cleanup_workspace_ struct workspace w = { 0 };
        _cleanup_error_ struct error e = ERROR_INIT;
        char actor[ACTOR_SIZE], reason[64];
        struct peer peer;

        if (!named(d, r, &peer, &w) || !at_rest(d, r, &w))
                return;
        if (workspaces_discard(d, w.id, &e) < 0) {
                http_problem_errno(r, &e);
                return;
        }
        snprintf(reason, sizeof(reason), "workspace %.16s was discarded", w.id);
        emit(d, "workspace-discard", peer_actor(&peer, actor), reason);
        http_reply_empty(r, 204);
}
