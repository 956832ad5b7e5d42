/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/export.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "base/time.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#define LINE_MAX_BYTES (16u << 20)
#define ACTIVITY_OTHER 99

/* What the kinds are, and which of their operations has an activity of its own in that class. */
static const struct {
        const char *kind;
        int class_uid, category;
        struct {
                const char *op;
                int activity;
        } ops[10];
} classes[] = {
        { "file",
          1001,
          1,
          { { "create", 1 },
            { "mkdir", 1 },
            { "read", 2 },
            { "write", 3 },
            { "unlink", 4 },
            { "rmdir", 4 },
            { "rename", 5 },
            { "setattr", 6 },
            { "open", 14 },
            { NULL, 0 } } },
        { "exec", 1007, 1, { { "exec", 1 }, { NULL, 0 } } },
        { "connect", 4001, 4, { { "connect", 1 }, { "close", 2 }, { NULL, 0 } } },
        { "dns", 4003, 4, { { "query", 6 }, { NULL, 0 } } },
};

static void classify(cJSON *o, const char *kind, const char *op, bool denied)
{
        int class_uid = 0, category = 0, activity = ACTIVITY_OTHER;

        for (size_t i = 0; i < ARRAY_SIZE(classes); i++) {
                if (strcmp(classes[i].kind, kind) != 0)
                        continue;
                class_uid = classes[i].class_uid;
                category = classes[i].category;
                for (size_t j = 0; op && classes[i].ops[j].op; j++)
                        if (!strcmp(classes[i].ops[j].op, op))
                                activity = classes[i].ops[j].activity;
        }
        if (class_uid == 4001 && denied)
                activity = 5; /* Refuse */
        cJSON_AddNumberToObject(o, "category_uid", category);
        cJSON_AddNumberToObject(o, "class_uid", class_uid);
        cJSON_AddNumberToObject(o, "activity_id", activity);
        cJSON_AddNumberToObject(o, "type_uid", class_uid * 100 + activity);
        cJSON_AddStringToObject(o, "activity_name", op ? op : kind);
}

static void add_copy(cJSON *to, const char *name, const cJSON *event, const char *member)
{
        const cJSON *m = cJSON_GetObjectItemCaseSensitive(event, member);

        if (to && m && !cJSON_IsNull(m))
                cJSON_AddItemToObject(to, name, cJSON_Duplicate(m, true));
}

static void add_actor(cJSON *o, const cJSON *event)
{
        cJSON *actor = cJSON_AddObjectToObject(o, "actor"), *process = cJSON_AddObjectToObject(actor, "process");
        cJSON *user = cJSON_AddObjectToObject(actor, "user"), *session = cJSON_AddObjectToObject(actor, "session");
        uint64_t uid;
        char text[24];

        add_copy(process, "pid", event, "pid");
        add_copy(process, "tid", event, "tid");
        add_copy(process, "name", event, "comm");
        add_copy(user, "name", event, "user");
        if (json_get_u64(event, "uid", &uid) == 0) {
                snprintf(text, sizeof(text), "%" PRIu64, uid);
                cJSON_AddStringToObject(user, "uid", text);
        }
        add_copy(session, "uid", event, "session");
        add_copy(actor, "app_name", event, "agent");
}

static cJSON *file_of(const cJSON *event)
{
        const char *path = json_get_string(event, "path"), *slash = path ? strrchr(path, '/') : NULL;
        cJSON *file = cJSON_CreateObject();

        cJSON_AddStringToObject(file, "path", path ? path : "");
        cJSON_AddStringToObject(file, "name", slash && slash[1] ? slash + 1 : path ? path : "");
        cJSON_AddNumberToObject(file, "type_id", 0);
        return file;
}

static void add_connection(cJSON *o, const cJSON *event, const char *op)
{
        cJSON *to = cJSON_AddObjectToObject(o, "dst_endpoint"), *info = cJSON_AddObjectToObject(o, "connection_info");

        add_copy(to, "ip", event, "addr");
        add_copy(to, "port", event, "port");
        add_copy(to, "hostname", event, "host");
        add_copy(info, "protocol_name", event, "proto");
        cJSON_AddNumberToObject(info, "direction_id", op && !strcmp(op, "accept") ? 1 : 2);
        if (cJSON_GetObjectItemCaseSensitive(event, "sent")) {
                cJSON *traffic = cJSON_AddObjectToObject(o, "traffic");

                add_copy(traffic, "bytes_out", event, "sent");
                add_copy(traffic, "bytes_in", event, "received");
        }
}

static void add_query(cJSON *o, const cJSON *event)
{
        cJSON *query = cJSON_AddObjectToObject(o, "query"), *answers = cJSON_AddArrayToObject(o, "answers");
        const cJSON *addr;

        add_copy(query, "hostname", event, "host");
        add_copy(query, "type", event, "type");
        add_copy(o, "rcode", event, "rcode");
        cJSON_ArrayForEach (addr, json_get_array(event, "addrs")) {
                cJSON *answer = cJSON_CreateObject();

                cJSON_AddItemToObject(answer, "rdata", cJSON_Duplicate(addr, true));
                cJSON_AddItemToArray(answers, answer);
        }
}

static void add_object(cJSON *o, const cJSON *event, const char *kind, const char *op)
{
        if (!strcmp(kind, "file"))
                cJSON_AddItemToObject(o, "file", file_of(event));
        else if (!strcmp(kind, "exec"))
                cJSON_AddItemToObject(cJSON_AddObjectToObject(o, "process"), "file", file_of(event));
        else if (!strcmp(kind, "connect"))
                add_connection(o, event, op);
        else if (!strcmp(kind, "dns"))
                add_query(o, event);
}

static void add_verdict(cJSON *o, const char *kind, const char *verdict)
{
        const bool denied = verdict && !strcmp(verdict, "deny"), grave = !strcmp(kind, "kill") || !strcmp(kind, "lost");

        cJSON_AddNumberToObject(o, "severity_id", grave ? 4 : denied ? 3 : 1);
        cJSON_AddNumberToObject(o, "status_id", !verdict ? 0 : denied ? 2 : 1);
        cJSON_AddNumberToObject(o, "action_id", !verdict ? 0 : denied ? 2 : 1);
        cJSON_AddNumberToObject(o, "disposition_id", !verdict ? 0 : denied ? 2 : 1);
}

static void add_metadata(cJSON *o, const cJSON *event, const char *host)
{
        cJSON *metadata = cJSON_AddObjectToObject(o, "metadata"), *product = cJSON_AddObjectToObject(metadata, "product");
        cJSON *profiles = cJSON_AddArrayToObject(metadata, "profiles"), *device = cJSON_AddObjectToObject(o, "device");

        cJSON_AddStringToObject(metadata, "version", "1.3.0");
        add_copy(metadata, "sequence", event, "seq");
        add_copy(metadata, "uid", event, "hash");
        cJSON_AddStringToObject(product, "name", "holdfast");
        cJSON_AddStringToObject(product, "vendor_name", "holdfast");
        cJSON_AddStringToObject(product, "version", HOLDFAST_VERSION);
        cJSON_AddItemToArray(profiles, cJSON_CreateString("host"));
        cJSON_AddItemToArray(profiles, cJSON_CreateString("security_control"));
        cJSON_AddStringToObject(device, "hostname", host);
        cJSON_AddNumberToObject(device, "type_id", 0);
}

int export_ocsf(struct buffer *out, const cJSON *event, const char *host)
{
        const char *kind = json_get_string(event, "kind"), *time = json_get_string(event, "time"), *op = json_get_string(event, "op");
        const char *verdict = json_get_string(event, "verdict");
        _cleanup_json_ cJSON *o = cJSON_CreateObject();
        uint64_t ns;
        int r;

        if (!kind || !time || time_parse(time, &ns) < 0)
                return -EINVAL;
        if (!o)
                return -ENOMEM;
        json_add_u64(o, "time", ns / 1000000);
        classify(o, kind, op, verdict && !strcmp(verdict, "deny"));
        add_verdict(o, kind, verdict);
        add_copy(o, "message", event, "reason");
        if (strcmp(kind, "lost") != 0)
                add_copy(o, "count", event, "count");
        add_metadata(o, event, host);
        add_actor(o, event);
        add_object(o, event, kind, op);
        cJSON_AddItemToObject(o, "unmapped", cJSON_Duplicate(event, true));
        r = json_print(out, o, LINE_MAX_BYTES);
        return r < 0 ? r : buffer_append(out, "\n", 1);
}
