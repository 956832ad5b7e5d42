/* SPDX-License-Identifier: Apache-2.0 */
/* The settings of sandbox-runtime (srt), ~/.srt-settings.json. */
#include "import/formats.h"

#include "base/cleanup.h"
#include "base/json.h"

static void deny_read(struct draft *d, const char *text, const char *where, void *context)
{
        filelists_add(d, &((struct filelists *)context)->deny_read, text, PATH_SANDBOX, where, LOSS_DENIAL);
}

static void allow_read(struct draft *d, const char *text, const char *where, void *context)
{
        filelists_add(d, &((struct filelists *)context)->allow_read, text, PATH_SANDBOX, where, LOSS_TOLD);
}

static void allow_write(struct draft *d, const char *text, const char *where, void *context)
{
        filelists_add(d, &((struct filelists *)context)->allow_write, text, PATH_SANDBOX, where, LOSS_TOLD);
}

static void deny_write(struct draft *d, const char *text, const char *where, void *context)
{
        filelists_add(d, &((struct filelists *)context)->deny_write, text, PATH_SANDBOX, where, LOSS_DENIAL);
}

void srt_filesystem(struct draft *d, const cJSON *object, struct where *w, struct filelists *f, bool *git_config)
{
        static const struct key_row rows[] = {
                { "denyRead", KEY_KNOWN, NULL },
                { "allowRead", KEY_KNOWN, NULL },
                { "allowWrite", KEY_KNOWN, NULL },
                { "denyWrite", KEY_KNOWN, NULL },
                { "allowGitConfig", KEY_KNOWN, NULL },
                { "disabled", KEY_TOLD, "files are confined all the same, by the other rules of the sandbox" },
                { "allowManagedReadPathsOnly", KEY_TOLD, "it is about other files of settings, of which none is read" },
                { NULL, KEY_KNOWN, NULL },
        };
        const size_t before = w->length;
        const cJSON *filesystem = settings_object(d, object, "filesystem", w);

        settings_each(d, filesystem, "denyRead", w, deny_read, f);
        settings_each(d, filesystem, "allowRead", w, allow_read, f);
        settings_each(d, filesystem, "allowWrite", w, allow_write, f);
        settings_each(d, filesystem, "denyWrite", w, deny_write, f);
        *git_config = settings_bool(d, filesystem, "allowGitConfig", w, false);
        settings_keys(d, filesystem, w, rows, true);
        where_pop(w, before);
}

static void allow_domain(struct draft *d, const char *text, const char *where, void *context)
{
        domains_allow(d, context, text, where);
}

static void deny_domain(struct draft *d, const char *text, const char *where, void *context)
{
        domains_deny(d, context, text, where);
}

static void allow_socket(struct draft *d, const char *text, const char *where, void *context)
{
        _cleanup_error_ struct error e = ERROR_INIT;
        _cleanup_free_ char *path = NULL;
        char shown[TEXT_SHOW_MAX];
        int r = path_translate(text, PATH_SANDBOX, &path, &e);

        (void)context;
        if (r == 0)
                draft_file(d, PART_SOCKETS, path, "c", NULL);
        else if (r == -ENOMEM)
                d->no_memory = true;
        else
                draft_left_out(d, LOSS_TOLD, where, "the path %s: %s", text_show(text, shown), error_text(&e));
}

/* A proxy that is given filters by itself: what goes by it goes there and nowhere else. Returns whether there is one. */
static bool proxy(struct draft *d, const cJSON *network, const char *name, struct where *w)
{
        uint64_t port = 0;
        const size_t before = w->length;
        const int r = json_get_u64(network, name, &port);

        if (r == -ENOENT)
                return false;
        where_key(w, name);
        if (r < 0 || !port || port > 65535) {
                findings_add(d->findings, w->text, "found no port, expected a number from 1 to 65535");
        } else {
                draft_egress(d, "cidr", "127.0.0.1", (unsigned)port, "tcp", false);
                draft_left_out(d, LOSS_TOLD, w->text, "programs are not told of the proxy: set HTTP_PROXY, HTTPS_PROXY or ALL_PROXY");
        }
        where_pop(w, before);
        return true;
}

static const struct key_row network_rows[] = {
        { "allowedDomains", KEY_KNOWN, NULL },
        { "deniedDomains", KEY_KNOWN, NULL },
        { "deniedDomainReasons", KEY_KNOWN, NULL },
        { "allowUnixSockets", KEY_KNOWN, NULL },
        { "allowAllUnixSockets", KEY_KNOWN, NULL },
        { "allowLocalBinding", KEY_KNOWN, NULL },
        { "httpProxyPort", KEY_KNOWN, NULL },
        { "socksProxyPort", KEY_KNOWN, NULL },
        { "allowMachLookup", KEY_TOLD, "there is no such thing on Linux" },
        { "allowManagedDomainsOnly", KEY_TOLD, "it is about other files of settings, of which none is read" },
        { NULL, KEY_KNOWN, NULL },
};

void srt_network(struct draft *d, const cJSON *object, struct where *w, struct domains *s)
{
        const size_t before = w->length;
        const cJSON *network = settings_object(d, object, "network", w);
        const bool http = proxy(d, network, "httpProxyPort", w), socks = proxy(d, network, "socksProxyPort", w);

        if (http && socks && cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(network, "allowedDomains")))
                settings_left_out(d, LOSS_TOLD, w, "allowedDomains", "everything goes by the proxies, which decide");
        else
                settings_each(d, network, "allowedDomains", w, allow_domain, s);
        settings_each(d, network, "deniedDomains", w, deny_domain, s);
        settings_each(d, network, "allowUnixSockets", w, allow_socket, NULL);
        if (settings_bool(d, network, "allowAllUnixSockets", w, false))
                draft_file(d, PART_SOCKETS, "/", "c", NULL);
        /* Said to be false it is about macOS: on Linux srt's commands have a loopback of their own. */
        if (!settings_bool(d, network, "allowLocalBinding", w, true))
                settings_left_out(d, LOSS_TOLD, w, "allowLocalBinding", "a session may listen on loopback, which is that of the host");
        settings_keys(d, network, w, network_rows, true);
        where_pop(w, before);
}

void srt_import(struct draft *d, const cJSON *settings, struct where *w)
{
        static const struct key_row rows[] = {
                { "$schema", KEY_KNOWN, NULL },
                { "network", KEY_KNOWN, NULL },
                { "filesystem", KEY_KNOWN, NULL },
                { "ripgrep", KEY_KNOWN, NULL },
                { "mandatoryDenySearchDepth", KEY_KNOWN, NULL }, /* rules hold at any depth */
                { "seccomp", KEY_KNOWN, NULL },
                { "bwrapPath", KEY_KNOWN, NULL },
                { "socatPath", KEY_KNOWN, NULL },
                { "windows", KEY_KNOWN, NULL },
                { "javaAgentJarPath", KEY_KNOWN, NULL },
                { "ignoreViolations", KEY_TOLD, "it keeps refusals from being shown; holdfast tells of all" },
                { "enableWeakerNestedSandbox", KEY_TOLD, "there is no weaker way: holdfast needs no namespace" },
                { "enableWeakerNetworkIsolation", KEY_TOLD, "it is about macOS" },
                { "allowAppleEvents", KEY_TOLD, "it is about macOS" },
                { "allowPty", KEY_TOLD, "terminals are open anyway, as srt leaves them on Linux" },
                { NULL, KEY_KNOWN, NULL },
        };
        struct filelists f = { 0 };
        struct domains s = { 0 };
        bool git_config = false;

        srt_filesystem(d, settings, w, &f, &git_config);
        srt_network(d, settings, w, &s);
        settings_keys(d, settings, w, rows, true);
        filelists_add_protected(d, &f, git_config);
        filelists_emit(d, &f);
        domains_emit(d, &s);
        filelists_tell_temporary(d, &f, w->text);
        filelists_clear(&f);
        domains_clear(&s);
}
