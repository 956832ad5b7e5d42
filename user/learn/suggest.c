/* SPDX-License-Identifier: Apache-2.0 */
#include "learn/fold.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "holdfast/abi.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HOSTS_ALIKE 4 /* below one name from which on the names below it are taken as one */

/* A rule that is to be. */
struct rule {
        char *path;
        uint8_t rights;
};

struct rules {
        struct rule *list;
        size_t n;
};

static void rules_clear(struct rules *r)
{
        for (size_t i = 0; i < r->n; i++)
                free(r->list[i].path);
        free(r->list);
}

static int compare(const void *a, const void *b)
{
        return strcmp(((const struct rule *)a)->path, ((const struct rule *)b)->path);
}

/* Whether a rule would not take it by its letters. */
static bool is_pattern(const char *path)
{
        const char *rest = *path == '$' ? strchr(path, '}') : path;

        return !rest || strchr(rest, '*') || strstr(rest, "${");
}

static int collect(const struct record *r, const struct learn_places *places, struct rules *rules, struct findings *left_out)
{
        rules->list = calloc(r->n + 1, sizeof(*rules->list));
        if (!rules->list)
                return -ENOMEM;
        for (size_t i = 0; i < r->n; i++) {
                const struct use *u = &r->list[i];
                bool wide;
                char *path;

                if (!u->path || u->refused || u->skipped)
                        continue;
                path = fold_path(u->path, u->rights, places, &wide);
                if (!path)
                        return -ENOMEM;
                if (wide || is_pattern(path)) {
                        if (wide)
                                findings_add(left_out, u->path, "a rule for it would open all that is below %s", *path ? path : "/");
                        else
                                findings_add(left_out, u->path, "a rule would take its name for a pattern or a variable");
                        free(path);
                        continue;
                }
                rules->list[rules->n++] = (struct rule){ path, u->rights };
        }
        return 0;
}

static bool is_below(const char *path, const char *folder)
{
        size_t n = strlen(folder);

        return strncmp(path, folder, n) == 0 && path[n] == '/';
}

/* Each path once; and none that a rule for a folder above says all of. Sorted, so that what is above comes before. */
static void bring_together(struct rules *r)
{
        size_t kept = 0;

        qsort(r->list, r->n, sizeof(*r->list), compare);
        for (size_t i = 0; i < r->n; i++) {
                if (kept && !strcmp(r->list[kept - 1].path, r->list[i].path)) {
                        r->list[kept - 1].rights |= r->list[i].rights;
                        free(r->list[i].path);
                } else {
                        r->list[kept++] = r->list[i];
                }
        }
        r->n = kept;
        kept = 0;
        for (size_t i = 0; i < r->n; i++) {
                bool said = false;

                for (size_t j = 0; j < kept && !said; j++)
                        said = is_below(r->list[i].path, r->list[j].path) && !(r->list[i].rights & ~r->list[j].rights);
                if (said)
                        free(r->list[i].path);
                else
                        r->list[kept++] = r->list[i];
        }
        r->n = kept;
}

/* ---- the text -------------------------------------------------------------------------------------------------------------------- */

/* The capabilities, in the order of the policy: these, and one for each danger, which is not granted. */
enum { READS, PROGRAMS, WRITES, NETWORK, CAPABILITIES };

static const struct capability {
        const char *name, *description;
} capabilities[CAPABILITIES] = {
        [READS] = { "reads", "What it read." },
        [PROGRAMS] = { "programs", "What it ran, beside what is installed." },
        [WRITES] = { "writes", "Where it wrote." },
        [NETWORK] = { "network", "Where it went." },
};

#define NOT_GRANTED " Not allowed until this capability is granted: remove what is not needed."

static const struct capability dangers[DANGERS] = {
        [DANGER_LATER] = { "check-runs-later", "Danger: what is written here runs later, outside of the session." NOT_GRANTED },
        [DANGER_RUN] = { "check-written-and-run", "Danger: what is written here can be run." NOT_GRANTED },
        [DANGER_SYSTEM] = { "check-system", "Danger: the system itself is changed here." NOT_GRANTED },
        [DANGER_SECRETS] = { "check-secrets", "Danger: secrets are kept here." NOT_GRANTED },
        [DANGER_SOCKETS] = { "check-sockets", "Danger: whoever listens at these sockets acts outside of the session." NOT_GRANTED },
        [DANGER_NEAR] = { "check-near", "Danger: on this host, or near it." NOT_GRANTED },
        [DANGER_UNNAMED] = { "check-addresses", "Danger: reached by address, and no name says whose it is." NOT_GRANTED },
        [DANGER_MAIL] = { "check-mail-and-shells", "Danger: mail and shells go through these ports." NOT_GRANTED },
};

/* The array of a capability's rules, which is made with it. NULL: no memory. */
static cJSON *rules_of(cJSON *policy, int capability, enum danger danger, const char *kind)
{
        const struct capability *c = danger ? &dangers[danger] : &capabilities[capability];
        cJSON *all = cJSON_GetObjectItemCaseSensitive(policy, "capabilities");
        cJSON *one = cJSON_GetObjectItemCaseSensitive(all, c->name), *list;

        if (!one) {
                one = cJSON_AddObjectToObject(all, c->name);
                cJSON_AddStringToObject(one, "description", c->description);
                if (danger)
                        cJSON_AddStringToObject(one, "authorization", "ask");
        }
        list = cJSON_GetObjectItemCaseSensitive(one, kind);
        return list || !one ? list : cJSON_AddArrayToObject(one, kind);
}

static cJSON *add_rule(cJSON *policy, int capability, enum danger danger, const char *kind)
{
        cJSON *list = rules_of(policy, capability, danger, kind), *rule = cJSON_CreateObject();

        if (!list || !rule || !cJSON_AddItemToArray(list, rule)) {
                cJSON_Delete(rule);
                return NULL;
        }
        return rule;
}

static int write_files(cJSON *policy, const struct rules *rules)
{
        for (size_t i = 0; i < rules->n; i++) {
                const struct rule *r = &rules->list[i];
                int capability = r->rights & HF_WRITE ? WRITES : r->rights & HF_EXEC ? PROGRAMS : READS;
                cJSON *rule = add_rule(policy, capability, danger_of_path(r->path, r->rights), "files");
                char letters[5], *at = letters;

                for (int right = 0; right < HF_RIGHTS; right++)
                        if (r->rights & 1 << right)
                                *at++ = "rwxc"[right];
                *at = '\0';
                if (!rule || json_add_text(rule, "path", r->path) < 0 || !cJSON_AddStringToObject(rule, "allow", letters))
                        return -ENOMEM;
        }
        return 0;
}

/* The name above; NULL: a rule for all below it would be for strangers' names too. */
static const char *parent_of(const char *host)
{
        static const char *const shared[] = { "amazonaws.com", "cloudfront.net", "github.io", "googleapis.com", "azureedge.net", "windows.net", "herokuapp.com",
                                              "vercel.app", "netlify.app", "pages.dev", "workers.dev", "web.app", "fly.dev", "co.uk", "com.au", "co.jp" };
        const char *dot = host ? strchr(host, '.') : NULL;

        if (!dot || !strchr(dot + 1, '.'))
                return NULL;
        for (size_t i = 0; i < sizeof(shared) / sizeof(*shared); i++)
                if (!strcmp(dot + 1, shared[i]))
                        return NULL;
        return dot + 1;
}

static bool is_alike(const struct use *a, const struct use *b)
{
        const char *x = parent_of(a->host), *y = parent_of(b->host);

        return x && y && !strcmp(x, y) && a->port == b->port && a->udp == b->udp && !b->refused && !b->skipped;
}

/* Whether names below one stand for all of them; *first: this one is to say it. */
static bool is_folded(const struct record *r, size_t i, bool *first)
{
        size_t n = 0;

        *first = true;
        for (size_t j = 0; j < r->n; j++) {
                if (!is_alike(&r->list[i], &r->list[j]))
                        continue;
                n++;
                *first = *first && j >= i;
        }
        return n >= HOSTS_ALIKE;
}

static int write_network(cJSON *policy, const struct record *r)
{
        for (size_t i = 0; i < r->n; i++) {
                const struct use *u = &r->list[i];
                _cleanup_free_ char *below = NULL;
                bool first, folded;
                cJSON *rule;

                if (u->path || u->refused || u->skipped)
                        continue;
                folded = is_folded(r, i, &first);
                if (folded && !first)
                        continue;
                if (folded && asprintf(&below, "*.%s", parent_of(u->host)) < 0) {
                        below = NULL;
                        return -ENOMEM;
                }
                rule = add_rule(policy, NETWORK, danger_of_reach(u), "egress");
                if (!rule || json_add_text(rule, u->host ? "host" : "cidr", below ? below : u->host ? u->host : u->addr) < 0 ||
                    !cJSON_AddNumberToObject(rule, "port", u->port) || !cJSON_AddStringToObject(rule, "proto", u->udp ? "udp" : "tcp"))
                        return -ENOMEM;
        }
        return 0;
}

/* In the order of their list, whichever came first. A policy has one at least. */
static void put_in_order(cJSON *policy)
{
        cJSON *all = cJSON_GetObjectItemCaseSensitive(policy, "capabilities");

        if (!all->child)
                rules_of(policy, READS, DANGER_NONE, "files");
        for (int i = 0; i < CAPABILITIES + DANGERS - 1; i++) {
                const char *name = i < CAPABILITIES ? capabilities[i].name : dangers[i - CAPABILITIES + 1].name;
                cJSON *one = cJSON_DetachItemFromObjectCaseSensitive(all, name);

                if (one)
                        cJSON_AddItemToObject(all, name, one);
        }
}

cJSON *learn_suggest(const struct record *r, const struct suggestion *s, struct findings *left_out)
{
        _cleanup_(rules_clear) struct rules rules = { 0 };
        cJSON *policy = cJSON_CreateObject();
        int e = policy && cJSON_AddNumberToObject(policy, "holdfast", 1) ? json_add_text(policy, "name", s->name) : -ENOMEM;

        if (e == 0 && s->extends)
                e = json_add_text(policy, "extends", s->extends);
        if (e == 0 && s->description)
                e = json_add_text(policy, "description", s->description);
        if (e == 0 && !cJSON_AddObjectToObject(policy, "capabilities"))
                e = -ENOMEM;
        if (e == 0)
                e = collect(r, &s->places, &rules, left_out);
        if (e == 0) {
                bring_together(&rules);
                e = write_files(policy, &rules);
        }
        if (e == 0)
                e = write_network(policy, r);
        if (e == 0) {
                put_in_order(policy);
                return policy;
        }
        cJSON_Delete(policy);
        return NULL;
}
