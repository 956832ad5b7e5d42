/* SPDX-License-Identifier: Apache-2.0 */
/* holdfast audit: the audit stream as files, without a daemon. */
#include "audit/audit.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "base/paths.h"
#include "cli/command.h"
#include "cli/export.h"
#include "cli/options.h"
#include "cli/output.h"

#include <inttypes.h>
#include <string.h>

static const struct usage verify_usage = {
        .synopsis = "audit verify [DIR|FILE] [--key PUBLIC.pem] [--at-least SEQ] [--json]",
        .description =
                "Checks every line of an audit stream, of all its files, or of a copy: that none was changed, removed, inserted or put\n"
                "elsewhere since it was written, and how far signatures vouch for that. Needs no daemon. It exits with 1 and names the\n"
                "file and the line where something is wrong. DIR is a folder with audit.ndjson; by default " PATH_LOG ".",
        .most = 1,
};

static int status_of(int result)
{
        return result == 0 ? STATUS_DONE : result == -ENOENT ? STATUS_ABSENT : STATUS_FAILED;
}

static int print_json(const struct audit_report *r, const char *path, int result, const struct error *e)
{
        _cleanup_json_ cJSON *o = cJSON_CreateObject();

        cJSON_AddBoolToObject(o, "ok", result == 0);
        json_add_text(o, "path", path);
        json_add_u64(o, "files", r->files);
        json_add_u64(o, "lines", r->lines);
        json_add_u64(o, "first", r->first);
        json_add_u64(o, "last", r->last);
        json_add_u64(o, "removed", r->removed);
        json_add_u64(o, "checkpoints", r->checkpoints);
        json_add_u64(o, "vouched", r->vouched);
        json_add_u64(o, "chained", r->last - (r->vouched < r->last ? r->vouched : r->last));
        if (*r->key)
                json_add_text(o, "key", r->key);
        if (result < 0) {
                json_add_text(o, "error", error_text(e));
                if (*r->file)
                        json_add_text(o, "file", r->file);
                if (*r->file) {
                        json_add_u64(o, "line", r->line);
                        json_add_u64(o, "seq", r->seq);
                }
        }
        output_json(stdout, o);
        return status_of(result);
}

static void print_good(const struct audit_report *r)
{
        printf("good: %" PRIu64 " lines in %" PRIu64 " file%s, seq %" PRIu64 " to %" PRIu64 "\n", r->lines, r->files,
               r->files == 1 ? "" : "s", r->first, r->last);
        if (r->removed)
                printf("removed before: seq 1 to %" PRIu64 "\n", r->removed);
        if (!r->checkpoints) {
                printf("signatures: none; all lines are only chained\n");
                return;
        }
        printf("signatures: %" PRIu64 " checkpoint%s vouch%s up to seq %" PRIu64 "; %" PRIu64 " line%s after it %s only chained\nkey: %s\n",
               r->checkpoints, r->checkpoints == 1 ? "" : "s", r->checkpoints == 1 ? "es" : "", r->vouched, r->last - r->vouched,
               r->last - r->vouched == 1 ? "" : "s", r->last - r->vouched == 1 ? "is" : "are", r->key);
}

static bool read_number(const char *text, uint64_t *ret)
{
        char *end;

        errno = 0;
        *ret = strtoull(text, &end, 10);
        return *text >= '0' && *text <= '9' && !*end && !errno;
}

static int verify(int argc, char **argv)
{
        const char *key = NULL, *least = NULL, *path;
        bool json = false;
        const struct option_row rows[] = {
                { "key", 'k', "PUBLIC.pem", "a copy of the public key (default: the one beside the stream)", NULL, &key },
                { "at-least", 0, "SEQ", "it is bad, too, if it ends before this number, which you noted", NULL, &least },
                { "json", 0, NULL, "print JSON", &json, NULL },
                { 0 },
        };
        _cleanup_error_ struct error e = ERROR_INIT;
        struct audit_report report = { 0 };
        uint64_t number = 0;
        char **operands;
        int status = options_parse(argc, argv, &verify_usage, rows, &operands), r;

        if (status != OPTIONS_GO_ON)
                return status;
        if (least && !read_number(least, &number))
                return options_wrong(&verify_usage, "expected the number of an event, not \"%s\"", least);
        path = operands[0] ? operands[0] : PATH_LOG;
        r = audit_verify(path, key, &report, &e);
        if (r == 0 && report.last < number)
                r = error_set(&e, -EBADMSG, "the audit stream %s: it ends with seq %" PRIu64 ": lines up to seq %" PRIu64 " are missing",
                              path, report.last, number);
        if (json)
                return print_json(&report, path, r, &e);
        if (r < 0)
                fprintf(stderr, "holdfast: %s\n", error_text(&e));
        else
                print_good(&report);
        return status_of(r);
}

static const struct usage export_usage = {
        .synopsis = "audit export --format ocsf|cef [--since SEQ] [--file FILE]",
        .description =
                "Prints the events of the audit stream, all that there are or those after a number, a line each, as other programs take\n"
                "them: OCSF 1.3.0 as JSON, or CEF. Checkpoints are left out. Reads the files itself; needs no daemon.",
};

struct exporting {
        int (*format)(struct buffer *out, const cJSON *event, const char *host);
        char host[256];
        struct buffer line;
};

static int export_line(void *context, uint64_t seq, const char *line, size_t length)
{
        struct exporting *x = context;
        _cleanup_json_ cJSON *event = cJSON_ParseWithLength(line, length);
        const char *kind = json_get_string(event, "kind");
        int r;

        (void)seq;
        if (kind && !strcmp(kind, "checkpoint"))
                return 0;
        buffer_truncate(&x->line, 0);
        r = event ? x->format(&x->line, event, x->host) : -EBADMSG;
        if (r < 0)
                return r;
        return fwrite(x->line.data, 1, x->line.length, stdout) == x->line.length ? 0 : -EPIPE;
}

static int export(int argc, char **argv)
{
        const char *format = NULL, *since = NULL, *file = PATH_AUDIT;
        const struct option_row rows[] = {
                { "format", 'f', "FORMAT", "ocsf or cef", NULL, &format },
                { "since", 's', "SEQ", "events after this number (default: all)", NULL, &since },
                { "file", 0, "FILE", "another stream (default: " PATH_AUDIT ")", NULL, &file },
                { 0 },
        };
        struct exporting x = { .line = BUFFER_INIT };
        _cleanup_error_ struct error e = ERROR_INIT;
        uint64_t number = 0;
        char **operands;
        int status = options_parse(argc, argv, &export_usage, rows, &operands), r;

        if (status != OPTIONS_GO_ON)
                return status;
        x.format = !format ? NULL : !strcmp(format, "ocsf") ? export_ocsf : !strcmp(format, "cef") ? export_cef : NULL;
        if (!x.format)
                return options_wrong(&export_usage, "expected --format ocsf or --format cef");
        if (since && !read_number(since, &number))
                return options_wrong(&export_usage, "expected the number of an event, not \"%s\"", since);
        gethostname(x.host, sizeof(x.host) - 1);
        r = audit_read(file, number, export_line, &x, &e);
        buffer_clear(&x.line);
        if (fflush(stdout) != 0 || r == -EPIPE)
                return STATUS_FAILED;
        if (r < 0)
                fprintf(stderr, "holdfast: %s\n", e.code ? error_text(&e) : strerror(-r));
        return status_of(r);
}

static const struct command commands[] = {
        { "verify", "check that no line of the audit stream was changed, removed or inserted", verify },
        { "export", "print the events in another format", export },
};

int command_audit(int argc, char **argv)
{
        return command_group("audit", commands, ARRAY_SIZE(commands), argc, argv);
}
