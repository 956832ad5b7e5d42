/* SPDX-License-Identifier: Apache-2.0 */
/* The settings of Claude Code, settings.json: its sandbox and its permissions, which both decide about files and hosts. */
#include "import/formats.h"

#include "base/cleanup.h"
#include "base/json.h"

#include <string.h>

struct claude {
        struct filelists files;
        struct domains domains;
        enum { RULE_ALLOW, RULE_ASK, RULE_DENY } list; /* that is being read */
};

/* What a rule is about: "Read(./.env)". */
struct permission {
        enum { ABOUT_READING, ABOUT_WRITING, ABOUT_WEB, ABOUT_COMMANDS, ABOUT_TOOLS } about;
        bool edit;  /* by the tool whose rules count for all tools that write */
        char *what; /* between the parentheses; NULL: there are none */
};

static const char *const tools[][2] = {
        { "Read", "r" },  { "Grep", "r" },      { "Glob", "r" },         { "LS", "r" },       { "NotebookRead", "r" }, { "Edit", "w" },
        { "Write", "w" }, { "MultiEdit", "w" }, { "NotebookEdit", "w" }, { "WebFetch", "n" }, { "Bash", "c" },
};

static int permission_parse(const char *text, struct permission *ret)
{
        const size_t n = strcspn(text, "("), length = strlen(text);
        struct permission p = { .about = ABOUT_TOOLS, .edit = n == 4 && strncmp(text, "Edit", 4) == 0 };

        for (size_t i = 0; i < ARRAY_SIZE(tools); i++)
                if (strlen(tools[i][0]) == n && strncmp(text, tools[i][0], n) == 0)
                        p.about = tools[i][1][0] == 'r'   ? ABOUT_READING
                                  : tools[i][1][0] == 'w' ? ABOUT_WRITING
                                  : tools[i][1][0] == 'n' ? ABOUT_WEB
                                                          : ABOUT_COMMANDS;
        if (text[n] == '(' && text[length - 1] == ')')
                p.what = strndup(text + n + 1, length - n - 2);
        else if (text[n] == '(')
                p.about = ABOUT_TOOLS;
        *ret = p;
        return text[n] == '(' && text[length - 1] == ')' && !p.what ? -ENOMEM : 0;
}

static void told_of_asking(struct draft *d, const struct claude *c, const char *where)
{
        if (c->list == RULE_ASK)
                draft_left_out(d, LOSS_TOLD, where, "approvals are not in this version of holdfast, so it is denied");
}

/* No allowance of the sandbox opens what a rule denies to read. */
static void deny_reading(struct draft *d, struct claude *c, const char *what, const char *where)
{
        const size_t before = c->files.deny_read.n;

        filelists_add(d, &c->files.deny_read, what, PATH_RULE, where, LOSS_DENIAL);
        if (c->files.deny_read.n == before)
                return;
        c->files.deny_read.items[before].always = true;
        told_of_asking(d, c, where);
}

static void deny_writing(struct draft *d, struct claude *c, const char *what, const char *where)
{
        const size_t before = c->files.deny_write.n;

        filelists_add(d, &c->files.deny_write, what, PATH_RULE, where, LOSS_DENIAL);
        if (c->files.deny_write.n > before)
                told_of_asking(d, c, where);
}

static void web(struct draft *d, struct claude *c, const char *what, const char *where)
{
        if (!what || strncmp(what, "domain:", 7) != 0) {
                draft_left_out(d, c->list == RULE_ALLOW ? LOSS_TOLD : LOSS_DENIAL, where,
                               "only \"domain:\" and a name become a rule of a policy");
        } else if (c->list == RULE_ALLOW) {
                domains_allow(d, &c->domains, what + 7, where);
        } else {
                const size_t before = c->domains.denied.n;

                domains_deny(d, &c->domains, what + 7, where);
                if (c->domains.denied.n > before)
                        told_of_asking(d, c, where);
        }
}

static void other(struct draft *d, const struct claude *c, const struct permission *p, const char *text, const char *where)
{
        const enum loss loss = c->list == RULE_ALLOW ? LOSS_TOLD : LOSS_DENIAL;
        char shown[TEXT_SHOW_MAX];

        if (p->about == ABOUT_COMMANDS)
                draft_left_out(d, loss, where, "%s: a policy does not tell commands by their words; it decides what they may do",
                               text_show(text, shown));
        else
                draft_left_out(d, loss, where, "%s: a policy knows files, hosts and programs, not the tools of an agent",
                               text_show(text, shown));
}

static void permission(struct draft *d, const char *text, const char *where, void *context)
{
        struct claude *c = context;
        struct permission p = { 0 };
        const bool allow = c->list == RULE_ALLOW;

        if (permission_parse(text, &p) < 0)
                d->no_memory = true;
        else if (p.about == ABOUT_READING && allow)
                ; /* reading is open but for what is denied, and that stays */
        else if (p.about == ABOUT_READING && p.what)
                deny_reading(d, c, p.what, where);
        else if (p.about == ABOUT_WRITING && !allow)
                deny_writing(d, c, p.what ? p.what : "//", where);
        else if (p.about == ABOUT_WRITING && p.edit && p.what)
                filelists_add(d, &c->files.allow_write, p.what, PATH_RULE, where, LOSS_TOLD);
        else if (p.about == ABOUT_WEB)
                web(d, c, p.what, where);
        else
                other(d, c, &p, text, where);
        free(p.what);
}

static void folder(struct draft *d, const char *text, const char *where, void *context)
{
        filelists_add(d, &((struct claude *)context)->files.allow_write, text, PATH_SANDBOX, where, LOSS_TOLD);
}

static void permissions(struct draft *d, const cJSON *settings, struct where *w, struct claude *c)
{
        static const struct key_row rows[] = {
                { "allow", KEY_KNOWN, NULL },
                { "ask", KEY_KNOWN, NULL },
                { "deny", KEY_KNOWN, NULL },
                { "additionalDirectories", KEY_KNOWN, NULL },
                { "defaultMode", KEY_KNOWN, NULL },
                { "disableBypassPermissionsMode", KEY_TOLD, "holdfast has no such mode: a policy holds always" },
                { "disableAutoMode", KEY_TOLD, "holdfast has no such mode: a policy holds always" },
                { NULL, KEY_KNOWN, NULL },
        };
        const size_t before = w->length;
        const cJSON *object = settings_object(d, settings, "permissions", w);
        const char *mode = settings_string(d, object, "defaultMode", w);

        c->list = RULE_ALLOW;
        settings_each(d, object, "allow", w, permission, c);
        c->list = RULE_ASK;
        settings_each(d, object, "ask", w, permission, c);
        c->list = RULE_DENY;
        settings_each(d, object, "deny", w, permission, c);
        settings_each(d, object, "additionalDirectories", w, folder, c);
        if (mode && strcmp(mode, "plan") == 0)
                settings_left_out(d, LOSS_DENIAL, w, "defaultMode", "\"plan\" writes nothing; take the policy read-only for that");
        else if (mode)
                settings_left_out(d, LOSS_TOLD, w, "defaultMode", "holdfast does not ask; what is not allowed is refused");
        settings_keys(d, object, w, rows, true);
        where_pop(w, before);
}

static void excluded(struct draft *d, const char *text, const char *where, void *context)
{
        char shown[TEXT_SHOW_MAX];

        (void)context;
        draft_left_out(d, LOSS_TOLD, where, "the command %s runs outside of the sandbox; nothing of a session runs outside of it",
                       text_show(text, shown));
}

/* What a path with one "/" says for versions that took it for one of the project: a denial holds at both places. */
static void deny_in_workspace(struct draft *d, struct path_list *list, const char *text, const char *where)
{
        _cleanup_free_ char *path = NULL;

        if (text[0] != '/' || text[1] == '/' || !text[1])
                return;
        if (asprintf(&path, ".%s", text) < 0) {
                path = NULL;
                d->no_memory = true;
                return;
        }
        filelists_add(d, list, path, PATH_SANDBOX, where, LOSS_DENIAL);
}

static void also_deny_read(struct draft *d, const char *text, const char *where, void *context)
{
        deny_in_workspace(d, &((struct claude *)context)->files.deny_read, text, where);
}

static void also_deny_write(struct draft *d, const char *text, const char *where, void *context)
{
        deny_in_workspace(d, &((struct claude *)context)->files.deny_write, text, where);
}

static void older_paths(struct draft *d, const cJSON *object, struct where *w, struct claude *c)
{
        const size_t before = w->length;
        const cJSON *filesystem = settings_object(d, object, "filesystem", w);

        settings_each(d, filesystem, "denyRead", w, also_deny_read, c);
        settings_each(d, filesystem, "denyWrite", w, also_deny_write, c);
        where_pop(w, before);
}

static void sandbox(struct draft *d, const cJSON *settings, struct where *w, struct claude *c, bool *git_config)
{
        static const struct key_row rows[] = {
                { "enabled", KEY_KNOWN, NULL },
                { "filesystem", KEY_KNOWN, NULL },
                { "network", KEY_KNOWN, NULL },
                { "excludedCommands", KEY_KNOWN, NULL },
                { "ripgrep", KEY_KNOWN, NULL },
                { "failIfUnavailable", KEY_KNOWN, NULL }, /* no session begins unconfined */
                { "enabledPlatforms", KEY_KNOWN, NULL },
                { "allowUnsandboxedCommands", KEY_TOLD, "nothing of a session runs outside of it" },
                { "autoAllowBashIfSandboxed", KEY_TOLD, "holdfast does not ask; what is not allowed is refused" },
                { "ignoreViolations", KEY_TOLD, "it keeps refusals from being shown; holdfast tells of all" },
                { "enableWeakerNestedSandbox", KEY_TOLD, "there is no weaker way: holdfast needs no namespace" },
                { "enableWeakerNetworkIsolation", KEY_TOLD, "it is about macOS" },
                { "allowAppleEvents", KEY_TOLD, "it is about macOS" },
                { NULL, KEY_KNOWN, NULL },
        };
        const size_t before = w->length;
        const cJSON *object = settings_object(d, settings, "sandbox", w);

        if (!settings_bool(d, object, "enabled", w, false))
                settings_left_out(d, LOSS_TOLD, w, "enabled", "the sandbox is off there; the policy confines as if it were on");
        srt_filesystem(d, object, w, &c->files, git_config);
        if (!d->findings->total)
                older_paths(d, object, w, c);
        srt_network(d, object, w, &c->domains);
        settings_each(d, object, "excludedCommands", w, excluded, NULL);
        settings_keys(d, object, w, rows, true);
        where_pop(w, before);
}

/* What decides about Claude Code itself is written by nothing that it starts. */
static void protect_settings(struct draft *d, struct filelists *f)
{
        static const char *const paths[] = { "./.claude/settings.json", "./.claude/settings.local.json", "./.claude/skills",
                                             "~/.claude/settings.json" };

        for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
                filelists_add(d, &f->deny_write, paths[i], PATH_SANDBOX, "", LOSS_DENIAL);
}

void claude_import(struct draft *d, const cJSON *settings, struct where *w)
{
        static const struct key_row rows[] = {
                { "deniedMcpServers", KEY_DENIES, "a policy does not know the servers of an agent" },
                { "disabledMcpjsonServers", KEY_DENIES, "a policy does not know the servers of an agent" },
                { "allowedMcpServers", KEY_DENIES, "a policy does not know the servers of an agent" },
                { NULL, KEY_KNOWN, NULL },
        };
        struct claude c = { 0 };
        bool git_config = false;

        filelists_add(d, &c.files.allow_write, ".", PATH_SANDBOX, w->text, LOSS_TOLD);
        sandbox(d, settings, w, &c, &git_config);
        permissions(d, settings, w, &c);
        settings_keys(d, settings, w, rows, false);
        filelists_add_protected(d, &c.files, git_config);
        protect_settings(d, &c.files);
        filelists_emit(d, &c.files);
        domains_emit(d, &c.domains);
        filelists_tell_temporary(d, &c.files, w->text);
        draft_left_out(d, LOSS_TOLD, w->text,
                       "Claude Code itself, which its sandbox does not confine: its host api.anthropic.com and its folder ~/.claude are in "
                       "the policy "
                       "claude-code");
        filelists_clear(&c.files);
        domains_clear(&c.domains);
}
