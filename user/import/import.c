/* SPDX-License-Identifier: Apache-2.0 */
#include "import/import.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "base/jsontext.h"
#include "import/formats.h"
#include "import/toml.h"
#include "policy/policy.h"

#include <string.h>

static const struct {
        const char *name, *about;
        void (*run)(struct draft *d, const cJSON *settings, struct where *w);
} formats[IMPORT_FORMATS] = {
        [IMPORT_SRT] = { "srt", "Imported from settings of sandbox-runtime.", srt_import },
        [IMPORT_CLAUDE] = { "claude", "Imported from settings of Claude Code.", claude_import },
        [IMPORT_CODEX] = { "codex", "Imported from settings of Codex.", codex_import },
};

enum import_format import_format_parse(const char *name)
{
        enum import_format f = IMPORT_GUESS + 1;

        while (f < IMPORT_FORMATS && strcmp(formats[f].name, name) != 0)
                f++;
        return f;
}

const char *import_format_name(enum import_format format)
{
        return formats[format].name;
}

static bool ends_in(const char *text, const char *end)
{
        const size_t n = strlen(text), m = strlen(end);

        return n >= m && strcmp(text + n - m, end) == 0;
}

/* Whether to read it as TOML: where nobody said, by its name, else by its first byte, as no text of TOML begins with a brace. */
static bool is_toml(const char *text, size_t length, const struct import_options *o)
{
        size_t n = 0;

        if (o->format != IMPORT_GUESS)
                return o->format == IMPORT_CODEX;
        if (o->file && ends_in(o->file, ".toml"))
                return true;
        while (n < length && text[n] && strchr(" \t\r\n", text[n]))
                n++;
        return n < length && text[n] != '{' && !(o->file && ends_in(o->file, ".json"));
}

static enum import_format guess(const cJSON *settings, const struct import_options *o)
{
        if (o->format != IMPORT_GUESS)
                return o->format;
        if (json_get_object(settings, "sandbox") || json_get_object(settings, "permissions"))
                return IMPORT_CLAUDE;
        return json_get_object(settings, "filesystem") || json_get_object(settings, "network") ? IMPORT_SRT : IMPORT_FORMATS;
}

static int load_toml(const char *text, size_t length, cJSON **ret, struct findings *findings)
{
        _cleanup_error_ struct error e = ERROR_INIT;
        int r = toml_load(text, length, ret, &e);

        if (r == -EINVAL)
                findings_add(findings, "TOML", "%s", error_text(&e));
        return r;
}

static int load(const char *text, size_t length, const struct import_options *o, cJSON **ret, enum import_format *format,
                struct findings *findings)
{
        const bool toml = is_toml(text, length, o);
        int r;

        if (length > IMPORT_TEXT_MAX) {
                findings_add(findings, "$", "found %zu bytes, expected at most %u", length, IMPORT_TEXT_MAX);
                return -EINVAL;
        }
        r = toml ? load_toml(text, length, ret, findings) : json_load(text, length, ret, findings);
        if (r < 0)
                return r;
        *format = toml ? IMPORT_CODEX : guess(*ret, o);
        if (!cJSON_IsObject(*ret))
                findings_add(findings, "$", "expected an object");
        else if (*format == IMPORT_FORMATS)
                findings_add(findings, "$",
                             "found neither \"sandbox\" and \"permissions\" nor \"filesystem\" and \"network\", expected settings of a "
                             "known kind; "
                             "say by --format which they are");
        return findings->total ? -EINVAL : 0;
}

/* Whether the text is a policy. */
static int check(const char *text, size_t length, struct findings *findings)
{
        struct policy *policy = NULL;
        int r = policy_parse(text, length, &policy, findings);

        policy_free(policy);
        return r;
}

static int make(struct draft *d, const cJSON *settings, enum import_format format, struct buffer *out)
{
        const struct import_options *o = d->options;
        struct where w = WHERE_INIT;
        char name[32];
        int r;

        /* Keys of TOML have no "$" before them. */
        if (format == IMPORT_CODEX)
                where_pop(&w, 0);
        formats[format].run(d, settings, &w);
        if (d->no_memory)
                return -ENOMEM;
        if (d->findings->total)
                return -EINVAL;
        snprintf(name, sizeof(name), "imported-%s", formats[format].name);
        r = draft_print(d, o->name ? o->name : name, formats[format].about, out);
        return r < 0 ? r : check(out->data, out->length, d->findings);
}

int import_settings(const char *text, size_t length, const struct import_options *options, struct imported *ret, struct findings *findings)
{
        struct draft d = { .options = options, .findings = findings };
        _cleanup_buffer_ struct buffer out = BUFFER_INIT;
        enum import_format format = IMPORT_GUESS;
        _cleanup_json_ cJSON *settings = NULL;
        int r = load(text, length, options, &settings, &format, findings);

        if (r == 0)
                r = make(&d, settings, format, &out);
        if (r == 0) {
                *ret = (struct imported){ format, TAKE_PTR(out.data), d.left, d.n_left, d.n_denials };
                d.left = NULL;
                d.n_left = 0;
        }
        draft_clear(&d);
        return r;
}

void imported_clear(struct imported *i)
{
        for (size_t n = 0; n < i->n_left; n++) {
                free(i->left[n].where);
                free(i->left[n].why);
        }
        free(i->left);
        free(i->policy);
        *i = (struct imported){ 0 };
}
