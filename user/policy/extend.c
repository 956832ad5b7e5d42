/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A policy and those that it extends, made one text. A capability is taken over or replaced as a whole, and so is everything else but the
 * limits: so a JSON path in the whole is the same in the file that said it.
 */
#include "policy/parse.h"

#include "base/cleanup.h"
#include "base/json.h"

#include <string.h>

DEFINE_CLEANUP(struct policy *, policy_free)

/* One policy of the chain. */
struct part {
        cJSON *tree;
        struct policy *policy;
        char *file; /* in the library; NULL: it is not from there */
};

struct chain {
        struct part parts[POLICY_CHAIN_MAX]; /* the nearest first */
        int n;
};

static void chain_clear(struct chain *c)
{
        for (int i = 0; i < c->n; i++) {
                cJSON_Delete(c->parts[i].tree);
                policy_free(c->parts[i].policy);
                free(c->parts[i].file);
        }
        c->n = 0;
}

/* The file that findings name: of the nearest one it is said by whoever has it read. */
static const char *shown_file(const struct chain *c, int i)
{
        return i ? c->parts[i].file : NULL;
}

/* Appends "a extends b extends c" and what the last one extends. */
static int chain_text(const struct chain *c, struct buffer *out)
{
        int r = 0;

        for (int i = 0; i < c->n && r == 0; i++) {
                const char *name = c->parts[i].policy->name ? c->parts[i].policy->name : "?";

                r = buffer_append(out, name, strlen(name));
                if (r == 0)
                        r = buffer_append(out, " extends ", strlen(" extends "));
        }
        return r ? r : buffer_append(out, c->parts[c->n - 1].policy->extends, strlen(c->parts[c->n - 1].policy->extends) + 1);
}

/* The last one extends what cannot be taken. */
static int chain_wrong(const struct chain *c, struct findings *findings, const char *why)
{
        _cleanup_buffer_ struct buffer text = BUFFER_INIT;
        _cleanup_findings_ struct findings found = FINDINGS_INIT;

        if (chain_text(c, &text) < 0)
                return -ENOMEM;
        findings_add(&found, "$.extends", "%s: %s", text.data, why);
        findings_take(findings, &found, shown_file(c, c->n - 1));
        return -EINVAL;
}

/* Reads a text as the next part. What can be read of a wrong one may still tell what it extends. */
static int chain_add(struct chain *c, const char *text, size_t length, char *file, struct findings *findings)
{
        _cleanup_findings_ struct findings found = FINDINGS_INIT;
        struct part *part = &c->parts[c->n++];
        int r;

        *part = (struct part){ .file = file };
        r = json_load(text, length, &part->tree, &found);
        if (r == 0)
                r = policy_read(part->tree, false, &part->policy, &found);
        findings_take(findings, &found, shown_file(c, c->n - 1));
        return r == 0 && found.total ? -EINVAL : r;
}

/* Whether the file is one of the chain already. */
static bool chain_has(const struct chain *c, const char *file)
{
        for (int i = 0; i < c->n; i++)
                if (c->parts[i].file && !strcmp(c->parts[i].file, file))
                        return true;
        return false;
}

/* The policy that the last one extends. */
static int chain_next(struct chain *c, const struct policy_library *library, struct findings *findings)
{
        const struct part *last = &c->parts[c->n - 1];
        _cleanup_free_ char *text = NULL, *file = NULL;
        _cleanup_error_ struct error e = ERROR_INIT;
        size_t length = 0;
        int r;

        if (c->n == POLICY_CHAIN_MAX)
                return chain_wrong(c, findings, "the chain is too long, expected at most 8 policies");
        r = library->read(library->context, last->policy->extends, last->file, &text, &length, &file, &e);
        if (r < 0)
                return r == -ENOMEM ? r : chain_wrong(c, findings, error_text(&e));
        if (chain_has(c, file))
                return chain_wrong(c, findings, "the chain comes back to where it was, expected an end");
        return chain_add(c, text, length, TAKE_PTR(file), findings);
}

/* Puts a copy of a member into another object, in the place of what it has of that name. */
static int put(cJSON *object, const cJSON *member)
{
        cJSON *copy = cJSON_Duplicate(member, true);
        bool done;

        if (!copy)
                return -ENOMEM;
        if (cJSON_GetObjectItemCaseSensitive(object, member->string))
                done = cJSON_ReplaceItemInObjectCaseSensitive(object, member->string, copy);
        else
                done = cJSON_AddItemToObject(object, member->string, copy);
        if (!done)
                cJSON_Delete(copy);
        return done ? 0 : -ENOMEM;
}

/* Puts each member of one object into another one, which is made where the whole has none. */
static int put_each(cJSON *whole, const cJSON *from)
{
        cJSON *to = cJSON_GetObjectItemCaseSensitive(whole, from->string);
        const cJSON *member;
        int r = 0;

        if (!to)
                return put(whole, from);
        cJSON_ArrayForEach (member, from)
                if (r == 0)
                        r = put(to, member);
        return r;
}

/* Lays a policy over what it extends. */
static int lay(cJSON *whole, const cJSON *tree)
{
        const cJSON *member;
        int r = 0;

        cJSON_ArrayForEach (member, tree) {
                if (!strcmp(member->string, "extends"))
                        continue;
                if (!strcmp(member->string, "capabilities") || !strcmp(member->string, "limits"))
                        r = put_each(whole, member);
                else
                        r = put(whole, member);
                if (r < 0)
                        return r;
        }
        return 0;
}

static const char *const own[] = { "name", "description", "programs" };

/* What a policy says of itself is not true of those that extend it; its capabilities are marked as taken over from it. */
static int hand_down(struct part *part)
{
        cJSON *capability;

        for (size_t i = 0; i < ARRAY_SIZE(own); i++)
                cJSON_DeleteItemFromObjectCaseSensitive(part->tree, own[i]);
        cJSON_ArrayForEach (capability, cJSON_GetObjectItemCaseSensitive(part->tree, "capabilities"))
                if (!cJSON_GetObjectItemCaseSensitive(capability, "from") &&
                    !cJSON_AddStringToObject(capability, "from", part->policy->name))
                        return -ENOMEM;
        return 0;
}

static int chain_merge(struct chain *c, char **ret)
{
        _cleanup_json_ cJSON *whole = cJSON_CreateObject();
        int r = whole && cJSON_AddNumberToObject(whole, "holdfast", 1) ? 0 : -ENOMEM;

        for (size_t i = 0; i < ARRAY_SIZE(own) && r == 0; i++) {
                const cJSON *member = cJSON_GetObjectItemCaseSensitive(c->parts[0].tree, own[i]);

                if (member) /* here already, so that it stands first */
                        r = put(whole, member);
        }
        for (int i = c->n - 1; i >= 0 && r == 0; i--) {
                if (i > 0)
                        r = hand_down(&c->parts[i]);
                if (r == 0)
                        r = lay(whole, c->parts[i].tree);
        }
        if (r == 0 && !(*ret = cJSON_Print(whole)))
                r = -ENOMEM;
        return r;
}

/* Reads the chain from the text on, as far as it can be followed. */
static int chain_read(struct chain *c, const char *text, size_t length, const char *file, const struct policy_library *library,
                      struct findings *findings)
{
        char *copy = file ? strdup(file) : NULL;
        int r = file && !copy ? -ENOMEM : 0, result;

        if (r == 0)
                r = chain_add(c, text, length, copy, findings);
        result = r;
        while (r != -ENOMEM && c->n && c->parts[c->n - 1].policy && c->parts[c->n - 1].policy->extends) {
                const int n = c->n;

                r = chain_next(c, library, findings);
                result = r < 0 ? r : result;
                if (c->n == n)
                        break;
        }
        return result;
}

int policy_load(const char *text, size_t length, const char *file, const struct policy_library *library, struct policy **ret,
                char **ret_text, struct findings *findings)
{
        _cleanup_(chain_clear) struct chain chain = { .n = 0 };
        _cleanup_(policy_freep) struct policy *policy = NULL;
        _cleanup_free_ char *whole = NULL;
        int r = chain_read(&chain, text, length, file, library, findings);

        if (r < 0)
                return r;
        if (chain.n == 1) {
                policy = TAKE_PTR(chain.parts[0].policy);
                whole = strndup(text, length);
                r = whole ? 0 : -ENOMEM;
        } else {
                r = chain_merge(&chain, &whole);
                if (r == 0)
                        r = policy_parse(whole, strlen(whole), &policy, findings);
        }
        if (r < 0)
                return r;
        *ret = TAKE_PTR(policy);
        *ret_text = TAKE_PTR(whole);
        return 0;
}
