/* SPDX-License-Identifier: Apache-2.0 */
/* holdfast suggest: the policy that would have let a session do what it did. */
#include "base/cleanup.h"
#include "base/json.h"
#include "cli/command.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/recording.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#define BASE "coding-agent"
#define NOTES 20 /* of a kind that are printed */

static const struct usage usage = {
        .synopsis = "suggest SESSION|FILE [--extends POLICY] [--name NAME] [--workspace DIR] [--json]",
        .description = "Prints the smallest policy that would have let a session do what it did, for you to read and keep. Begin one for this\n"
                       "with \"holdfast run --audit-only\". What looks dangerous is in a capability of its own, which is not granted; what\n"
                       "is refused by a rule of the policy that it extends stays refused. FILE has lines of the audit stream.",
        .least = 1,
        .most = 1,
};

struct suggest {
        const char *extends, *name, *workspace, *socket;
        bool json;
        int denied, still; /* uses that the policy before, and the one that was made, refuse for good */
};

static void note(int number, const struct use *u, const char *why)
{
        _cleanup_free_ char *text = use_text(u);

        if (number > NOTES || !text)
                return;
        fputs("holdfast: ", stderr);
        output_safe_to(stderr, text);
        fprintf(stderr, ": %s\n", why);
}

static void more(int number, const char *what)
{
        if (number > NOTES)
                fprintf(stderr, "holdfast: %d more %s\n", number - NOTES, what);
}

/* Leaves what the policy that is extended does not allow. */
static void on_base(void *context, struct use *u, const cJSON *answer)
{
        const char *verdict = json_get_string(answer, "verdict"), *why = json_get_string(answer, "why");
        const char *refused = json_get_string(answer, "refused");
        struct suggest *o = context;

        u->skipped = !verdict || !strcmp(verdict, "allow");
        if (u->skipped || u->refused)
                return;
        if (why && strcmp(why, "no_rule") != 0) {
                u->skipped = true;
                note(++o->denied, u, "stays refused, by a rule of the policy that is extended");
                return;
        }
        if (!u->path || !refused)
                return;
        for (int i = 0; i < 4; i++)
                if (!strchr(refused, "rwxc"[i]))
                        u->rights &= (uint8_t) ~(1u << i);
}

static void on_result(void *context, struct use *u, const cJSON *answer)
{
        const char *verdict = json_get_string(answer, "verdict");
        struct suggest *o = context;

        if (!u->refused && !u->skipped && verdict && strcmp(verdict, "allow") != 0)
                note(++o->still, u, "not allowed by what is suggested");
}

/* Asks the policy that was made, by a file that its session's user can read. */
static int check(struct suggest *o, struct recording *r, const char *text)
{
        char path[] = "/tmp/holdfast-suggest-XXXXXX.json";
        int fd = mkstemps(path, 5), status;
        size_t length = strlen(text);

        if (fd < 0 || fchmod(fd, 0644) < 0 || write(fd, text, length) != (ssize_t)length) {
                fprintf(stderr, "holdfast: %s: %s\n", path, strerror(errno));
                status = STATUS_FAILED;
        } else {
                status = recording_replay(r, path, on_result, o);
        }
        if (fd >= 0) {
                close(fd);
                unlink(path);
        }
        return status;
}

static void tell(const struct recording *r, const struct findings *left_out, const struct suggest *o)
{
        int refused = 0;

        more(o->denied, "stay refused by rules of the policy that is extended");
        for (int i = 0; i < left_out->count && i < NOTES; i++) {
                fputs("holdfast: ", stderr);
                output_safe_to(stderr, left_out->list[i].where);
                fprintf(stderr, ": left out: %s\n", left_out->list[i].what);
        }
        more(left_out->total, "are left out likewise");
        more(o->still, "are not allowed by what is suggested");
        for (size_t i = 0; i < r->record.n; i++)
                if (r->record.list[i].refused)
                        note(++refused, &r->record.list[i], "was refused already, and is not suggested");
        more(refused, "were refused already");
        if (r->record.vague)
                fprintf(stderr, "holdfast: %llu events have no path that a rule could have\n", (unsigned long long)r->record.vague);
        if (r->record.lost)
                fprintf(stderr, "holdfast: %llu events were lost, so something may be missing: run it once more\n", (unsigned long long)r->record.lost);
        if (!r->audit_only)
                fputs("holdfast: the session was not begun with --audit-only: what its policy allowed is on record in part\n", stderr);
}

static int suggest(struct suggest *o, struct recording *r)
{
        _cleanup_findings_ struct findings left_out = FINDINGS_INIT;
        _cleanup_free_ char *description = NULL, *text = NULL;
        _cleanup_json_ cJSON *policy = NULL;
        struct suggestion s = { .name = o->name ? o->name : "suggested", .places = { r->workspace, r->home } };
        int status = STATUS_DONE;

        if (strcmp(o->extends, "none") != 0) {
                s.extends = o->extends;
                status = recording_replay(r, o->extends, on_base, o);
        }
        if (status != STATUS_DONE)
                return status;
        if (asprintf(&description, "Suggested by what %s%s did. Read it before you use it.", r->session ? "session " : "a session on record",
                     r->session ? r->session : "") < 0)
                description = NULL;
        s.description = description;
        policy = learn_suggest(&r->record, &s, &left_out);
        text = policy ? o->json ? cJSON_PrintUnformatted(policy) : cJSON_Print(policy) : NULL;
        if (!text) {
                fputs("holdfast: out of memory\n", stderr);
                return STATUS_FAILED;
        }
        status = check(o, r, text);
        if (status == STATUS_DONE) {
                puts(text);
                tell(r, &left_out, o);
        }
        return status;
}

int command_suggest(int argc, char **argv)
{
        struct suggest o = { .extends = BASE };
        const struct option_row rows[] = {
                { "extends", 'e', "POLICY", "a policy that it extends, by its name, or none (default: " BASE ")", NULL, &o.extends },
                { "name", 'n', "NAME", "what it is called (default: suggested)", NULL, &o.name },
                { "workspace", 'w', "DIR", "with FILE: the folder that ${WORKSPACE} stands for (default: the current one)", NULL, &o.workspace },
                OPTIONS_COMMON(&o.json, &o.socket),
        };
        _cleanup_recording_ struct recording r = RECORDING_INIT;
        char **operands;
        int status = options_parse(argc, argv, &usage, rows, &operands);

        if (status != OPTIONS_GO_ON)
                return status;
        status = recording_read(operands[0], o.socket, o.workspace, &r);
        return status == STATUS_DONE ? suggest(&o, &r) : status;
}
