/* SPDX-License-Identifier: Apache-2.0 */
#include "learn/fold.h"

#include "base/cleanup.h"
#include "holdfast/abi.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * Below these a program, or somebody's data, is a folder of the first names: as many as it says. The longest one counts. 0: the folder
 * itself is one thing, whatever is in it.
 */
static const struct {
        const char *folder;
        unsigned names;
} depths[] = {
        { "", 2 },
        { "/dev", 1 },
        { "/dev/pts", 0 },
        { "/dev/shm", 0 },
        { "/etc", 1 },
        { "/proc", 0 },
        { "/run", 1 },
        { "/run/user", 2 },
        { "/sys", 2 },
        { "/tmp", 0 },
        { "/usr", 0 },
        { "/usr/local", 0 },
        { "/var/cache", 1 },
        { "/var/lib", 1 },
        { "/var/log", 1 },
        { "/var/spool", 1 },
        { "/var/tmp", 0 },
        { "${HOME}", 1 },
        { "${HOME}/.cache", 1 },
        { "${HOME}/.config", 1 },
        { "${HOME}/.local", 2 },
        { "${WORKSPACE}", 0 },
};

/* What is left of the path below the folder: "" or "/…"; NULL: it is not there. */
static const char *below(const char *path, const char *folder)
{
        size_t n = strlen(folder);

        return strncmp(path, folder, n) == 0 && (!path[n] || path[n] == '/') ? path + n : NULL;
}

static char *with_variables(const char *path, const struct learn_places *places)
{
        const char *rest = places->workspace ? below(path, places->workspace) : NULL;
        char *text;
        int n;

        if (rest)
                n = asprintf(&text, "${WORKSPACE}%s", rest);
        else if (places->home && (rest = below(path, places->home)))
                n = asprintf(&text, "${HOME}%s", rest);
        else
                n = asprintf(&text, "%s", strcmp(path, "/") ? path : "");
        return n < 0 ? NULL : text;
}

/* The end of the first names of a path that begins with a slash, or is empty. */
static const char *after_names(const char *rest, unsigned names)
{
        while (names-- && *rest)
                rest += 1 + strcspn(rest + 1, "/");
        return rest;
}

/* Whether it is one of the folders that all have their things in: what a rule for it opens is not one program's. */
static bool is_wide(const char *rule)
{
        static const char *const wide[] = { "", "/etc", "/home", "/opt", "/root", "/run", "/run/user", "/srv", "/var", "/var/cache", "/var/lib", "/var/log",
                                            "/var/spool", "/mnt", "/media", "/dev", "/sys", "${HOME}", "${HOME}/.cache", "${HOME}/.config",
                                            "${HOME}/.local", "${HOME}/.local/share", "${HOME}/.local/state" };

        for (size_t i = 0; i < sizeof(wide) / sizeof(*wide); i++)
                if (!strcmp(rule, wide[i]))
                        return true;
        return false;
}

char *fold_path(const char *path, uint8_t rights, const struct learn_places *places, bool *wide)
{
        _cleanup_free_ char *text = with_variables(path, places);
        const char *rest = text;
        unsigned names = 0;

        *wide = false;
        if (!text)
                return NULL;
        for (size_t i = 0; i < sizeof(depths) / sizeof(*depths); i++) {
                const char *deeper = below(text, depths[i].folder);

                if (deeper) {
                        rest = deeper;
                        names = depths[i].names;
                }
        }
        /* Who listens at a socket is one, whatever is beside it. */
        if (!(rights & HF_CONNECT))
                text[after_names(rest, names) - text] = '\0';
        *wide = is_wide(text) || (places->workspace && !(rights & HF_CONNECT) && below(places->workspace, text) && *text == '/');
        return strdup(text);
}

/* ---- danger ---------------------------------------------------------------------------------------------------------------------- */

static bool is_at(const char *rule, const char *const list[])
{
        for (; *list; list++)
                if (below(rule, *list))
                        return true;
        return false;
}

enum danger danger_of_path(const char *rule, uint8_t rights)
{
        static const char *const later[] = {
                "${HOME}/.bashrc", "${HOME}/.bash_profile", "${HOME}/.bash_login", "${HOME}/.bash_logout", "${HOME}/.profile", "${HOME}/.zshrc", "${HOME}/.zshenv",
                "${HOME}/.zprofile", "${HOME}/.zlogin", "${HOME}/.kshrc", "${HOME}/.inputrc", "${HOME}/.vimrc", "${HOME}/.vim", "${HOME}/.emacs",
                "${HOME}/.emacs.d", "${HOME}/.gitconfig", "${HOME}/.config/git", "${HOME}/.config/fish", "${HOME}/.config/autostart",
                "${HOME}/.config/systemd", "${HOME}/.config/environment.d", "${HOME}/.config/nvim", "${HOME}/.config/Code", "${HOME}/.vscode", "${HOME}/.ssh",
                "${HOME}/.gnupg", "${HOME}/.local/bin", "${HOME}/.local/lib", "${HOME}/.local/share/applications", "${HOME}/.local/share/systemd", "${HOME}/bin",
                "${HOME}/.cargo", "${HOME}/.npmrc", "${HOME}/.pam_environment", "${HOME}/.xprofile", "${HOME}/.xsessionrc", "${HOME}/.pypirc",
                "${HOME}/.claude", "${HOME}/.codex", "${HOME}/.gemini", "${HOME}/.cursor", NULL
        };
        static const char *const system[] = { "/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/etc", "/boot", "/opt", "/root", "/sys", "/proc", "/var/spool", NULL };
        static const char *const known[] = { "/run/holdfast", "/run/systemd/resolve", "/run/nscd", "/var/run/nscd", "/run/systemd/userdb", NULL };
        static const char *const secrets[] = {
                "${HOME}/.ssh", "${HOME}/.gnupg", "${HOME}/.aws", "${HOME}/.azure", "${HOME}/.kube", "${HOME}/.docker", "${HOME}/.netrc",
                "${HOME}/.git-credentials", "${HOME}/.pgpass", "${HOME}/.npmrc", "${HOME}/.pypirc", "${HOME}/.config/gh", "${HOME}/.config/gcloud", "${HOME}/.password-store",
                "${HOME}/.local/share/keyrings", "${HOME}/.mozilla", "${HOME}/.config/google-chrome", "${HOME}/.config/chromium", "${HOME}/.bash_history", "${HOME}/.zsh_history",
                "/etc/shadow", "/etc/gshadow", "/etc/ssh", "/etc/sudoers", "/etc/sudoers.d", "/etc/ssl/private", NULL
        };

        if ((rights & HF_CONNECT) && !is_at(rule, known))
                return DANGER_SOCKETS;
        if (is_at(rule, secrets))
                return DANGER_SECRETS;
        if ((rights & HF_WRITE) && is_at(rule, later))
                return DANGER_LATER;
        if ((rights & HF_WRITE) && is_at(rule, system))
                return DANGER_SYSTEM;
        if ((rights & (HF_WRITE | HF_EXEC)) == (HF_WRITE | HF_EXEC) && !below(rule, "${WORKSPACE}"))
                return DANGER_RUN;
        return DANGER_NONE;
}

/* Loopback, private, link-local and the like, by how they begin. */
static bool is_near(const char *addr)
{
        unsigned a, b;

        if (strchr(addr, ':'))
                return !strcmp(addr, "::1") || !strncasecmp(addr, "fe8", 3) || !strncasecmp(addr, "fc", 2) || !strncasecmp(addr, "fd", 2);
        if (sscanf(addr, "%u.%u.", &a, &b) != 2)
                return true;
        return a == 10 || a == 127 || (a == 172 && b >= 16 && b < 32) || (a == 192 && b == 168) || (a == 169 && b == 254) || (a == 100 && b >= 64 && b < 128);
}

enum danger danger_of_reach(const struct use *u)
{
        if (u->port == 22 || u->port == 25 || u->port == 465 || u->port == 587)
                return DANGER_MAIL;
        if (!u->host && u->addr && is_near(u->addr))
                return DANGER_NEAR;
        return u->host ? DANGER_NONE : DANGER_UNNAMED;
}
