/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/program.h"

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/json.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#define PACKAGE_LEVELS 5       /* folders up in which a program's package.json may be */
#define PACKAGE_MAX (1u << 20) /* bytes */
#define FIRST_LINE 256         /* bytes, as the kernel reads of a script */
#define PATH_DEFAULT "/usr/local/bin:/usr/bin:/bin"

/* Where every shipped policy lets programs run. */
static const char *const system_folders[] = { "/usr", "/bin", "/sbin", "/lib", "/lib64" };

bool path_is_in(const char *path, const char *folder)
{
        const size_t n = folder ? strlen(folder) : 0;

        return n && !strncmp(path, folder, n) && (path[n] == '/' || !path[n] || folder[n - 1] == '/');
}

static bool is_of_the_system(const char *path)
{
        for (size_t i = 0; i < ARRAY_SIZE(system_folders); i++)
                if (path_is_in(path, system_folders[i]))
                        return true;
        return false;
}

static bool is_program(const char *path)
{
        struct stat st;

        return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

/* The path of a command, as execvp(3) would find it. */
static int look_up(const char *command, char **ret)
{
        const char *path = getenv("PATH");

        if (strchr(command, '/')) {
                *ret = is_program(command) ? strdup(command) : NULL;
                return *ret ? 0 : -ENOENT;
        }
        for (const char *at = path ? path : PATH_DEFAULT; at; at = strchr(at, ':') ? strchr(at, ':') + 1 : NULL) {
                _cleanup_free_ char *file = NULL;
                const int n = (int)strcspn(at, ":");

                if (asprintf(&file, "%.*s%s%s", n, at, n ? "/" : "./", command) < 0) {
                        file = NULL;
                        return -ENOMEM;
                }
                if (*command && is_program(file)) {
                        *ret = TAKE_PTR(file);
                        return 0;
                }
        }
        return -ENOENT;
}

static int add_name(struct program *p, const char *name)
{
        const char *slash = strrchr(name, '/');

        name = slash ? slash + 1 : name;
        for (int i = 0; i < PROGRAM_NAMES; i++) {
                if (p->names[i] && strcmp(p->names[i], name) != 0)
                        continue;
                if (!p->names[i])
                        p->names[i] = strdup(name);
                return p->names[i] ? 0 : -ENOMEM;
        }
        return 0;
}

/* Cuts a path down to the folder it is in; false at the root. */
static bool up(char *path)
{
        char *slash = strrchr(path, '/');

        if (!slash || slash == path)
                return false;
        *slash = '\0';
        return true;
}

/* The real folder that a path is in. */
static char *real_folder(const char *path)
{
        _cleanup_free_ char *folder = strdup(path);
        char *slash = folder ? strrchr(folder, '/') : NULL;

        if (!slash)
                return folder ? realpath(".", NULL) : NULL;
        slash[slash == folder] = '\0'; /* that of "/x" is "/" */
        return realpath(folder, NULL);
}

static cJSON *read_json(const char *path)
{
        _cleanup_fclose_ FILE *f = fopen(path, "re");
        _cleanup_buffer_ struct buffer text = BUFFER_INIT;
        char chunk[4096];
        size_t n;

        while (f && (n = fread(chunk, 1, sizeof(chunk), f)) > 0)
                if (text.length + n > PACKAGE_MAX || buffer_append(&text, chunk, n) < 0)
                        return NULL;
        return text.data ? cJSON_ParseWithLength(text.data, text.length) : NULL;
}

/* A version as the API takes it. */
static bool is_version(const char *text)
{
        static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-+";
        const size_t n = text ? strlen(text) : 0;

        return n && n <= 64 && strspn(text, allowed) == n;
}

/* Takes names and version from a package.json, as npm has it: "bin" is one program, called as the package, or several. */
static int take_package(struct program *p, const cJSON *package)
{
        const char *version = json_get_string(package, "version"), *name = json_get_string(package, "name");
        const cJSON *bin = cJSON_GetObjectItemCaseSensitive(package, "bin"), *item;
        int r = 0;

        if (cJSON_IsString(bin) && name)
                r = add_name(p, name);
        if (cJSON_IsObject(bin))
                cJSON_ArrayForEach (item, bin)
                        if (r == 0)
                                r = add_name(p, item->string);
        if (r == 0 && is_version(version) && !(p->version = strdup(version)))
                r = -ENOMEM;
        return r;
}

/* The package that the file belongs to: the first package.json with a name above it, within its folder of packages. */
static int find_package(struct program *p)
{
        _cleanup_free_ char *folder = strdup(p->path);

        for (int i = 0; folder && i < PACKAGE_LEVELS && up(folder); i++) {
                _cleanup_free_ char *file = NULL;
                _cleanup_json_ cJSON *package = NULL;
                const char *name = strrchr(folder, '/');

                if (name && !strcmp(name, "/node_modules"))
                        return 0;
                if (asprintf(&file, "%s/package.json", folder) < 0) {
                        file = NULL;
                        return -ENOMEM;
                }
                package = read_json(file);
                if (package && json_get_string(package, "name"))
                        return take_package(p, package);
        }
        return folder ? 0 : -ENOMEM;
}

/* …/versions/1.2.3 or …/versions/1.2.3/program, as installers without a package manager have it. */
static int find_version(struct program *p)
{
        static const char folder[] = "/versions/";
        const char *at = p->version ? NULL : strstr(p->path, folder);
        _cleanup_free_ char *version = NULL;

        if (!at)
                return 0;
        at += strlen(folder);
        at += *at == 'v'; /* as of nvm, whose programs are not versions of themselves, but have a package */
        version = strndup(at, strcspn(at, "/"));
        if (!version)
                return -ENOMEM;
        if (*version >= '0' && *version <= '9' && is_version(version))
                p->version = TAKE_PTR(version);
        return 0;
}

/* What a script's first line has run it. */
static int find_interpreter(const char *path, char **ret)
{
        _cleanup_fclose_ FILE *f = fopen(path, "re");
        _cleanup_free_ char *file = NULL;
        char line[FIRST_LINE + 1] = "", *word, *state = NULL;
        const char *base;
        int r;

        if (!f || !fgets(line, sizeof(line), f) || strncmp(line, "#!", 2) != 0)
                return -ENOENT;
        word = strtok_r(line + 2, " \t\r\n", &state);
        base = word ? strrchr(word, '/') : NULL;
        if (base && !strcmp(base, "/env"))
                do
                        word = strtok_r(NULL, " \t\r\n", &state);
                while (word && (*word == '-' || strchr(word, '=')));
        r = word ? look_up(word, &file) : -ENOENT;
        *ret = r == 0 ? realpath(file, NULL) : NULL;
        return r == 0 && !*ret ? -ENOENT : r;
}

static bool holds(const char *folder, const char *path)
{
        return path && path_is_in(path, folder);
}

/* Whether a folder is right below another: ~/.local has more than programs. */
static bool is_right_below(const char *path, const char *folder)
{
        const char *slash = strrchr(path, '/');
        const size_t n = strlen(folder);

        return slash && (size_t)(slash - path) == n && !strncmp(path, folder, n);
}

/*
 * Where a file is installed, as far as it is known to be of one program or one package manager: its outermost node_modules, or the folder
 * above its bin. Else, where no home is known, and where that would hold the workspace, or the home folder or be right below it, the file
 * alone.
 */
static int find_place(const char *path, const char *home, const char *workspace, char **ret)
{
        _cleanup_free_ char *place = strdup(path);
        char *modules = place ? strstr(place, "/node_modules/") : NULL;
        bool known = modules != NULL;

        if (!place)
                return -ENOMEM;
        if (modules)
                modules[strlen("/node_modules")] = '\0';
        else if (up(place)) {
                const char *name = strrchr(place, '/');

                known = name && !strcmp(name, "/bin") && up(place);
                if (!known && strstr(path, "/versions/")) {
                        memcpy(place, path, strlen(path) + 1);
                        strstr(place, "/versions/")[strlen("/versions")] = '\0';
                        known = true;
                }
        }
        if (!known || !home || holds(place, home) || is_right_below(place, home) || holds(place, workspace) || !strchr(place + 1, '/'))
                memcpy(place, path, strlen(path) + 1);
        *ret = TAKE_PTR(place);
        return 0;
}

/* A policy cannot name every path. */
static bool can_be_named(const char *path)
{
        for (const unsigned char *t = (const unsigned char *)path; *t; t++)
                if (*t < 0x20 || *t == 0x7f || *t == '*')
                        return false;
        return !strstr(path, "${");
}

static int find_places(struct program *p, const char *home, const char *workspace)
{
        _cleanup_free_ char *interpreter = NULL;
        const int found = find_interpreter(p->path, &interpreter);
        const char *const files[PROGRAM_PLACES] = { p->path, found == 0 ? interpreter : NULL };
        int n = 0, r = found == -ENOMEM ? found : 0;

        for (int i = 0; i < PROGRAM_PLACES && r == 0; i++)
                if (files[i] && !is_of_the_system(files[i]) && can_be_named(files[i]) && !holds(workspace, files[i]))
                        r = find_place(files[i], home, workspace, &p->places[n++]);
        return r;
}

int program_find(const char *command, const char *home, const char *workspace, struct program *ret)
{
        _cleanup_free_ char *real_home = home ? realpath(home, NULL) : NULL;
        int r = look_up(command, &ret->file);

        if (r == 0) {
                ret->folder = real_folder(ret->file);
                ret->path = realpath(ret->file, NULL);
                r = ret->folder && ret->path ? 0 : -ENOENT;
        }
        if (r == 0)
                r = add_name(ret, command);
        if (r == 0)
                r = find_package(ret);
        if (r == 0)
                r = add_name(ret, ret->path);
        if (r == 0)
                r = find_version(ret);
        return r < 0 ? r : find_places(ret, real_home, workspace);
}

void program_clear(struct program *p)
{
        for (int i = 0; i < PROGRAM_NAMES; i++)
                free(p->names[i]);
        for (int i = 0; i < PROGRAM_PLACES; i++)
                free(p->places[i]);
        free(p->file);
        free(p->folder);
        free(p->path);
        free(p->version);
        *p = (struct program){ 0 };
}

static bool is_for(const cJSON *policy, const char *name)
{
        const cJSON *program;

        cJSON_ArrayForEach (program, json_get_array(policy, "programs"))
                if (cJSON_IsString(program) && !strcmp(program->valuestring, name))
                        return true;
        return false;
}

const cJSON *program_policy(const struct program *p, const char *workspace, const cJSON *policies, const char **name)
{
        const cJSON *policy;

        if (!p->path || holds(workspace, p->path) || holds(workspace, p->folder))
                return NULL;
        for (int i = 0; i < PROGRAM_NAMES && p->names[i]; i++)
                cJSON_ArrayForEach (policy, policies) {
                        if (!is_for(policy, p->names[i]))
                                continue;
                        *name = p->names[i];
                        return policy;
                }
        return NULL;
}
