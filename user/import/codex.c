/* SPDX-License-Identifier: Apache-2.0 */
/* The settings of Codex, config.toml. */
#include "import/formats.h"

#include "base/cleanup.h"
#include "base/json.h"

#include <string.h>

#define NAME_LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_"

static void root(struct draft *d, const char *text, const char *where, void *context)
{
        filelists_add(d, &((struct filelists *)context)->allow_write, text, PATH_PLAIN, where, LOSS_TOLD);
}

/* What Codex keeps as it is in each folder that may be written. */
static void protect_roots(struct draft *d, struct filelists *f)
{
        static const char *const names[] = { ".git", ".codex", ".agents", ".aws" };

        for (size_t i = 0; i < f->allow_write.n; i++)
                for (size_t j = 0; j < ARRAY_SIZE(names); j++) {
                        const char *path = f->allow_write.items[i].path;
                        const bool workspace = strncmp(path, "${WORKSPACE}", 12) == 0, home = strncmp(path, "${HOME}", 7) == 0;
                        _cleanup_free_ char *text = NULL;

                        if (asprintf(&text, "%s%s/%s",
                                     workspace ? "."
                                     : home    ? "~"
                                               : "",
                                     path + (workspace ? 12
                                             : home    ? 7
                                                       : 0),
                                     names[j]) < 0) {
                                text = NULL;
                                d->no_memory = true;
                                continue;
                        }
                        filelists_add(d, &f->deny_write, text, PATH_SANDBOX, "", LOSS_DENIAL);
                }
}

static void whole_network(struct draft *d)
{
        static const char *const all[] = { "0.0.0.0/0", "::/0", "127.0.0.0/8", "::1" };

        for (size_t i = 0; i < ARRAY_SIZE(all); i++)
                draft_egress(d, "cidr", all[i], 0, NULL, false);
        /* Without the network Codex takes connect() away, of unix sockets too. */
        draft_file(d, PART_SOCKETS, "/", "c", NULL);
}

static void workspace_write(struct draft *d, const cJSON *settings, struct where *w, struct filelists *f)
{
        static const struct key_row rows[] = {
                { "writable_roots", KEY_KNOWN, NULL },
                { "network_access", KEY_KNOWN, NULL },
                { "exclude_tmpdir_env_var", KEY_KNOWN, NULL },
                { "exclude_slash_tmp", KEY_KNOWN, NULL },
                { NULL, KEY_KNOWN, NULL },
        };
        const size_t before = w->length;
        const cJSON *object = settings_object(d, settings, "sandbox_workspace_write", w);
        const bool tmp = !settings_bool(d, object, "exclude_slash_tmp", w, false);
        const bool tmpdir = !settings_bool(d, object, "exclude_tmpdir_env_var", w, false);

        filelists_add(d, &f->allow_write, ".", PATH_SANDBOX, "sandbox_mode", LOSS_TOLD);
        settings_each(d, object, "writable_roots", w, root, f);
        if (tmp)
                filelists_add(d, &f->allow_write, "/tmp", PATH_SANDBOX, w->text, LOSS_TOLD);
        else if (tmpdir)
                settings_left_out(d, LOSS_TOLD, w, "exclude_tmpdir_env_var", "${TMPDIR} of a session is /tmp, which is excluded");
        if (settings_bool(d, object, "network_access", w, false))
                whole_network(d);
        settings_keys(d, object, w, rows, true);
        where_pop(w, before);
        protect_roots(d, f);
}

/* Everything, as far as a policy can open it. */
static void full_access(struct draft *d, struct filelists *f)
{
        filelists_add(d, &f->allow_write, "/", PATH_SANDBOX, "sandbox_mode", LOSS_TOLD);
        whole_network(d);
        draft_left_out(d, LOSS_TOLD, "sandbox_mode", "devices, mounts, other processes and what else no policy opens stay shut");
}

/* The mode, and where it is said. A profile that is chosen stands before the rest. */
static const char *mode_of(struct draft *d, const cJSON *settings, struct where *w)
{
        const char *profile = settings_string(d, settings, "profile", w), *mode = settings_string(d, settings, "sandbox_mode", w),
                   *own = NULL;
        const size_t before = w->length;

        if (profile) {
                const cJSON *profiles = settings_object(d, settings, "profiles", w), *chosen = settings_object(d, profiles, profile, w);

                own = settings_string(d, chosen, "sandbox_mode", w);
                if (cJSON_GetObjectItemCaseSensitive(chosen, "sandbox_workspace_write"))
                        settings_left_out(d, LOSS_DENIAL, w, "sandbox_workspace_write", "only that of the top is read; write it there");
        }
        where_pop(w, before);
        if (own || mode)
                return own ? own : mode;
        draft_left_out(d, LOSS_TOLD, "sandbox_mode",
                       "it is not given, and taken for \"read-only\"; Codex writes in folders that it trusts");
        return "read-only";
}

static void keep(struct draft *d, const char *text, const char *where, void *context)
{
        const bool *keeps = context;

        if (!*keeps || !*text || text[strspn(text, NAME_LETTERS)])
                return;
        draft_environment(d, text);
        (void)where;
}

static void environment(struct draft *d, const cJSON *settings, struct where *w)
{
        static const struct key_row rows[] = {
                { "inherit", KEY_KNOWN, NULL },
                { "ignore_default_excludes", KEY_KNOWN, NULL },
                { "exclude", KEY_DENIES, "holdfast run keeps back what looks like a secret, and no other names" },
                { "include_only", KEY_DENIES, "holdfast run hands on all that does not look like a secret" },
                { "set", KEY_TOLD, "a policy sets no variables; set them where holdfast run is called" },
                { "experimental_use_profile", KEY_TOLD, "a policy sets no variables" },
                { NULL, KEY_KNOWN, NULL },
        };
        const size_t before = w->length;
        const cJSON *object = settings_object(d, settings, "shell_environment_policy", w);
        const char *inherit = settings_string(d, object, "inherit", w);
        bool keeps = settings_bool(d, object, "ignore_default_excludes", w, false);

        if (inherit && strcmp(inherit, "all") != 0)
                settings_left_out(d, LOSS_DENIAL, w, "inherit", "holdfast run hands on all that does not look like a secret");
        if (keeps)
                settings_left_out(d, LOSS_TOLD, w, "ignore_default_excludes",
                                  "what looks like a secret is kept back, but for names in include_only; see --keep-env");
        settings_each(d, object, "include_only", w, keep, &keeps);
        settings_keys(d, object, w, rows, true);
        where_pop(w, before);
}

/* What decides about what may be done, beside the sandbox. */
static const struct key_row other_rows[] = {
        { "approval_policy", KEY_TOLD, "holdfast does not ask; what is not allowed is refused" },
        { "approvals_reviewer", KEY_TOLD, "holdfast does not ask; what is not allowed is refused" },
        { "mcp_servers", KEY_TOLD, "Codex starts these outside of its sandbox; in a session they are under the policy too" },
        { "web_search", KEY_TOLD, "the model's provider searches, not the session" },
        { "tools", KEY_TOLD, "a policy does not know the tools of an agent" },
        { "permissions", KEY_DENIES, "profiles of permissions are not understood; write them as sandbox_mode" },
        { "default_permissions", KEY_DENIES, "profiles of permissions are not understood; write them as sandbox_mode" },
        { "sandbox_permissions", KEY_TOLD, "only sandbox_mode is understood" },
        { "network", KEY_DENIES, "only network_access of sandbox_workspace_write is understood" },
        { "experimental_network", KEY_DENIES, "only network_access of sandbox_workspace_write is understood" },
        { "allow_login_shell", KEY_TOLD, "a policy does not know how an agent starts its shell" },
        { NULL, KEY_KNOWN, NULL },
};

void codex_import(struct draft *d, const cJSON *settings, struct where *w)
{
        const char *mode = mode_of(d, settings, w);
        struct filelists f = { 0 };
        char shown[TEXT_SHOW_MAX];

        if (strcmp(mode, "workspace-write") == 0)
                workspace_write(d, settings, w, &f);
        else if (strcmp(mode, "danger-full-access") == 0)
                full_access(d, &f);
        else if (strcmp(mode, "read-only") != 0)
                findings_add(d->findings, "sandbox_mode", "found %s, expected \"read-only\", \"workspace-write\" or \"danger-full-access\"",
                             text_show(mode, shown));
        environment(d, settings, w);
        settings_keys(d, settings, w, other_rows, false);
        filelists_emit(d, &f);
        draft_left_out(d, LOSS_TOLD, "sandbox_mode",
                       "Codex itself, which its sandbox does not confine: its host api.openai.com and its folder ~/.codex are in the "
                       "policy codex");
        filelists_clear(&f);
}
