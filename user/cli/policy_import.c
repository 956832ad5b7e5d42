/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/policy_import.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "cli/command.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/policy_source.h"
#include "import/import.h"

#include <string.h>

static int read_settings(const char *path, struct buffer *text)
{
        int r = policy_source_read(path, text);

        if (r == 0 || r == -ENODATA)
                return STATUS_DONE;
        fprintf(stderr, "holdfast: cannot read the settings %s: %s\n", path, r == -EFBIG ? "they are longer than 16 MiB" : strerror(-r));
        return r == -ENOENT ? STATUS_ABSENT : STATUS_FAILED;
}

static void tell(const char *path, const char *where, const char *what)
{
        fprintf(stderr, "holdfast: %s: ", path);
        output_safe_to(stderr, where);
        fputs(": ", stderr);
        output_safe_to(stderr, what);
        fputc('\n', stderr);
}

static int wrong_settings(const char *path, int r, const struct findings *findings)
{
        for (int i = 0; i < findings->count; i++)
                tell(path, findings->list[i].where, findings->list[i].what);
        if (findings->total > findings->count)
                fprintf(stderr, "holdfast: %s: and %d more errors\n", path, findings->total - findings->count);
        if (!findings->total)
                fprintf(stderr, "holdfast: %s: %s\n", path, strerror(-r));
        return STATUS_FAILED;
}

/* The policy and what is not in it, as one object. */
static int print_json(const struct imported *i)
{
        _cleanup_json_ cJSON *both = cJSON_CreateObject(), *policy = cJSON_Parse(i->policy);
        cJSON *list;

        if (!policy || !cJSON_AddItemToObject(both, "policy", policy))
                return STATUS_FAILED;
        policy = NULL;
        list = cJSON_AddArrayToObject(both, "left_out");
        for (size_t n = 0; n < i->n_left; n++) {
                cJSON *item = cJSON_CreateObject();

                json_add_text(item, "where", i->left[n].where);
                json_add_text(item, "why", i->left[n].why);
                cJSON_AddItemToArray(list, item);
        }
        return output_json(stdout, both);
}

static void tell_left_out(const char *path, const struct imported *i, bool denials)
{
        for (size_t n = 0; n < i->n_left; n++)
                if (i->left[n].denies || !denials)
                        tell(path, i->left[n].where, i->left[n].why);
}

/* Nothing that allows more than the settings is printed unless that is asked for. */
static int too_loose(const char *path, const struct imported *i)
{
        tell_left_out(path, i, true);
        fprintf(stderr,
                "holdfast: %s: no policy was made, as it would not deny what %s; change %s there, or take the rest with --partial\n", path,
                i->n_denials == 1 ? "this one thing does" : "these do", i->n_denials == 1 ? "it" : "them");
        return STATUS_FAILED;
}

int policy_import(int argc, char **argv)
{
        static const struct usage usage = {
                .synopsis = "policy import FILE [--format srt|claude|codex] [--name NAME] [--partial] [--json]",
                .description = "Prints the settings of another sandbox as a policy, and on standard error what is not in it and why.\n"
                               "Knows sandbox-runtime's ~/.srt-settings.json, Claude Code's settings.json and Codex's config.toml.\n"
                               "Needs no daemon.",
                .least = 1,
                .most = 1,
        };
        const char *format = NULL, *home = getenv("HOME");
        _cleanup_free_ char *folder = get_current_dir_name();
        struct import_options o = { .home = home && *home == '/' ? home : NULL, .workspace = folder };
        bool json = false, partial = false;
        const struct option_row rows[] = {
                { "format", 'f', "FORMAT", "srt, claude or codex (default: by what is in the file)", NULL, &format },
                { "name", 'n', "NAME", "of the policy (default: imported-FORMAT)", NULL, &o.name },
                { "partial", 0, NULL, "print the policy also without denials that it cannot have", &partial, NULL },
                { "json", 0, NULL, "print the policy and what was left out as JSON", &json, NULL },
                { 0 },
        };
        _cleanup_buffer_ struct buffer text = BUFFER_INIT;
        _cleanup_findings_ struct findings findings = FINDINGS_INIT;
        _cleanup_imported_ struct imported i = IMPORTED_INIT;
        char **operands;
        int status = options_parse(argc, argv, &usage, rows, &operands), r;

        if (status != OPTIONS_GO_ON)
                return status;
        o.file = operands[0];
        o.format = format ? import_format_parse(format) : IMPORT_GUESS;
        if (o.format == IMPORT_FORMATS)
                return options_wrong(&usage, "\"%s\" is no format, expected srt, claude or codex", format);
        status = read_settings(operands[0], &text);
        if (status != STATUS_DONE)
                return status;
        r = import_settings(text.data ? text.data : "", text.length, &o, &i, &findings);
        if (r < 0)
                return wrong_settings(operands[0], r, &findings);
        if (i.n_denials && !partial)
                return too_loose(operands[0], &i);
        if (json)
                return print_json(&i);
        tell_left_out(operands[0], &i, false);
        fputs(i.policy, stdout);
        return STATUS_DONE;
}
