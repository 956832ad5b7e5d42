/* SPDX-License-Identifier: Apache-2.0 */
/* holdfast policy diff: what two policies say that is not the same, each with all that it extends. */
#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/json.h"
#include "cli/command.h"
#include "cli/exec_daemon.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/policy_test.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

/* What a policy says, a line each; the order in the file means nothing. */
struct lines {
        char **list;
        size_t n, room;
        bool failed;
};

static void lines_clear(struct lines *l)
{
        for (size_t i = 0; i < l->n; i++)
                free(l->list[i]);
        free(l->list);
}

__attribute__((format(printf, 2, 3))) static void add(struct lines *l, const char *format, ...)
{
        char **list = l->list;
        va_list ap;

        if (l->n == l->room) {
                l->room = l->room ? 2 * l->room : 256;
                list = reallocarray(l->list, l->room, sizeof(*list));
        }
        if (list) {
                l->list = list;
                va_start(ap, format);
                l->list[l->n] = text_format(format, ap);
                va_end(ap);
        }
        if (!list || !l->list[l->n])
                l->failed = true;
        else
                l->n++;
}

/* Everything but these, as it is written: a rule with a digest is another rule. */
static char *rest_of(const cJSON *rule, const char *const but[])
{
        _cleanup_json_ cJSON *copy = cJSON_Duplicate(rule, true);

        for (; copy && *but; but++)
                cJSON_DeleteItemFromObjectCaseSensitive(copy, *but);
        return copy && copy->child ? cJSON_PrintUnformatted(copy) : strdup("");
}

static void add_file(struct lines *l, const char *capability, const cJSON *rule)
{
        static const char *const but[] = { "path", "allow", "deny", "hint", NULL };
        const char *path = json_get_string(rule, "path"), *allow = json_get_string(rule, "allow"), *deny = json_get_string(rule, "deny");
        _cleanup_free_ char *rest = rest_of(rule, but);

        if (path && allow)
                add(l, "%s: allow %s %s%s%s", capability, allow, path, rest && *rest ? " " : "", rest ? rest : "");
        if (path && deny)
                add(l, "%s: deny %s %s%s%s", capability, deny, path, rest && *rest ? " " : "", rest ? rest : "");
}

static void add_egress(struct lines *l, const char *capability, const cJSON *rule)
{
        static const char *const but[] = { "host", "cidr", "port", "proto", "deny", "hint", NULL };
        const char *host = json_get_string(rule, "host"), *cidr = json_get_string(rule, "cidr"), *proto = json_get_string(rule, "proto");
        const cJSON *port = cJSON_GetObjectItemCaseSensitive(rule, "port");
        _cleanup_free_ char *rest = rest_of(rule, but), *number = port ? cJSON_PrintUnformatted(port) : strdup("all ports");

        add(l, "%s: %s %s port %s%s%s%s%s", capability, cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(rule, "deny")) ? "deny connect" : "connect",
            host ? host : cidr ? cidr : "?", number ? number : "?", proto ? "/" : "", proto ? proto : "", rest && *rest ? " " : "", rest ? rest : "");
}

static void add_capability(struct lines *l, const cJSON *capability)
{
        const cJSON *member, *rule, *rules;

        cJSON_ArrayForEach (member, capability) {
                const bool files = !strcmp(member->string, "files"), egress = !strcmp(member->string, "egress");
                _cleanup_free_ char *text = files || egress || !strcmp(member->string, "description") ? NULL : cJSON_PrintUnformatted(member);

                if (text)
                        add(l, "%s: %s %s", capability->string, member->string, text);
                rules = files || egress ? member : NULL;
                cJSON_ArrayForEach (rule, rules)
                        (files ? add_file : add_egress)(l, capability->string, rule);
        }
}

static int compare(const void *a, const void *b)
{
        return strcmp(*(char *const *)a, *(char *const *)b);
}

static void read_lines(const cJSON *policy, struct lines *l)
{
        const cJSON *member, *capability, *all;

        cJSON_ArrayForEach (member, policy) {
                static const char *const none[] = { "name", "description", "holdfast", "extends", NULL };
                const bool capabilities = !strcmp(member->string, "capabilities");
                _cleanup_free_ char *text = capabilities ? NULL : cJSON_PrintUnformatted(member);
                bool passed = false;

                for (int i = 0; none[i]; i++)
                        passed = passed || !strcmp(member->string, none[i]);
                if (text && !passed)
                        add(l, "%s %s", member->string, text);
                all = capabilities ? member : NULL;
                cJSON_ArrayForEach (capability, all)
                        add_capability(l, capability);
        }
        if (l->n)
                qsort(l->list, l->n, sizeof(*l->list), compare);
}

static int read_policy(const char *source, struct lines *l)
{
        char whole[] = "--whole", *argv[] = { NULL, whole, (char *)source, NULL };
        _cleanup_buffer_ struct buffer out = BUFFER_INIT;
        int status = exec_daemon_wait(argv, &out);
        _cleanup_json_ cJSON *policy = status == STATUS_DONE ? cJSON_ParseWithLength(out.data ? out.data : "", out.length) : NULL;

        if (status != STATUS_DONE)
                return status;
        read_lines(policy, l);
        if (policy && !l->failed)
                return STATUS_DONE;
        fprintf(stderr, "holdfast: the policy %s cannot be read\n", source);
        return STATUS_FAILED;
}

static void tell(const char *sign, const char *line, cJSON *list, bool json)
{
        if (json) {
                cJSON_AddItemToArray(list, json_bytes(line, strlen(line)));
                return;
        }
        printf("%s ", sign);
        output_safe(line);
        putchar('\n');
}

/* Returns how many lines only one of them has. */
static int compare_lines(const struct lines *a, const struct lines *b, bool json, cJSON *removed, cJSON *added)
{
        size_t i = 0, j = 0;
        int n = 0;

        while (i < a->n || j < b->n) {
                int order = i == a->n ? 1 : j == b->n ? -1 : strcmp(a->list[i], b->list[j]);

                if (order < 0)
                        tell("-", a->list[i], removed, json);
                else if (order > 0)
                        tell("+", b->list[j], added, json);
                n += order != 0;
                i += order <= 0;
                j += order >= 0;
        }
        return n;
}

int policy_diff(int argc, char **argv)
{
        static const struct usage usage = {
                .synopsis = "policy diff POLICY POLICY [--json]",
                .description = "Tells what two policies say that is not the same, each with all that it extends: \"-\" the first alone, \"+\" the\n"
                               "second. Order, names and descriptions do not count. Needs no daemon. Exits with 3 where they differ.",
                .least = 2,
                .most = 2,
        };
        const char *socket = NULL;
        bool json = false;
        const struct option_row rows[] = { OPTIONS_COMMON(&json, &socket) };
        _cleanup_(lines_clear) struct lines a = { 0 }, b = { 0 };
        _cleanup_json_ cJSON *all = cJSON_CreateObject();
        cJSON *removed = cJSON_AddArrayToObject(all, "removed"), *added = cJSON_AddArrayToObject(all, "added");
        char **operands;
        int status = options_parse(argc, argv, &usage, rows, &operands), n;

        if (status != OPTIONS_GO_ON)
                return status;
        status = read_policy(operands[0], &a);
        if (status == STATUS_DONE)
                status = read_policy(operands[1], &b);
        if (status != STATUS_DONE)
                return status;
        n = compare_lines(&a, &b, json, removed, added);
        if (json)
                status = output_json(stdout, all);
        return status == STATUS_DONE && n ? STATUS_REFUSED : status;
}
