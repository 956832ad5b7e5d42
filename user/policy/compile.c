/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/compile.h"

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/jsontext.h"
#include "holdfast/decide.h"
#include "policy/values.h"

#include <stdarg.h>
#include <string.h>

DEFINE_CLEANUP(struct compiled *, compiled_free)

/* The policy that the capability was taken over from whose JSON path this is; NULL: none. */
static const char *from(const struct policy *p, const char *where)
{
        struct where w = WHERE_INIT;

        where_key(&w, "capabilities");
        for (int i = 0; i < p->n_capabilities; i++) {
                const size_t before = where_key(&w, p->capabilities[i].name);

                if (!strncmp(where, w.text, w.length) && where[w.length] == '.')
                        return p->capabilities[i].from;
                where_pop(&w, before);
        }
        return NULL;
}

void source_finding(struct findings *findings, const struct source *source, const char *where, const char *format, ...)
{
        _cleanup_free_ char *place = NULL, *what = NULL;
        const char *file = source->file ? source->file : from(source->policy, where);
        va_list ap;

        if (file && asprintf(&place, "%s: %s", file, where) < 0)
                place = NULL;
        va_start(ap, format);
        what = text_format(format, ap);
        va_end(ap);
        findings_add(findings, place ? place : where, "%s", what ? what : "out of memory");
}

/* Adds a finding about a member of a rule. */
static void rule_finding(struct findings *findings, const struct source *source, const struct rule *rule, const char *member,
                         const char *what)
{
        _cleanup_free_ char *where = NULL;

        if (asprintf(&where, "%s.%s", rule->where, member) < 0)
                where = NULL;
        source_finding(findings, source, where ? where : rule->where, "%s", what);
}

/* What resolving a path failed with, as a finding. Returns 0 when the next rule may be looked at. */
static int resolve_failed(struct findings *findings, const struct source *source, const struct rule *rule, const char *path, int code)
{
        char shown[TEXT_SHOW_MAX];
        _cleanup_error_ struct error e = ERROR_INIT;

        if (code == -ENOMEM)
                return code;
        text_show(path, shown);
        if (code == -ELOOP)
                error_set(&e, code, "%s goes through a loop of symlinks, or more than %d of them", shown, FS_LINKS_MAX);
        else if (code == -ENAMETOOLONG)
                error_set(&e, code, "%s leads through a component of more than 255 bytes", shown);
        else if (code == -ENOSPC)
                error_set(&e, code, "%s has more than %d components that do not exist; make the upper ones first", shown, HF_PENDING);
        else if (code == -EXDEV)
                error_set(&e, code, "%s leads through /proc/self, which is another folder for each process; name /proc", shown);
        else if (code == -EISDIR)
                error_set(&e, code, "%s is a folder, expected a program: a folder has no content of its own", shown);
        else if (code == -E2BIG)
                error_set(&e, code, "here the policy has named more than %u places, expected fewer", TREE_PLACES_MAX);
        else if (code == -EMFILE || code == -ENFILE)
                error_set(&e, code, "here the policy has named more objects than files can be open: raise LimitNOFILE=, or name folders");
        else
                error_set(&e, code, "%s cannot be looked at: %s", shown, strerror(-code));
        rule_finding(findings, source, rule, code == -EISDIR ? "sha256" : "path", error_text(&e));
        return tree_is_full(code) ? code : 0;
}

static int place_rule(struct tree *t, const struct source *source, int number, const struct policy_vars *vars, struct findings *findings)
{
        const struct rule *rule = &source->policy->rules[number - 1];
        struct say say = { .rule = hf_rule(source->layer, (uint32_t)number),
                           .capability = rule->capability,
                           .layer = source->layer,
                           .allow = rule->allow,
                           .deny = rule->sha256 ? rule->deny | HF_WRITE : rule->deny,
                           .content = rule->sha256 };
        _cleanup_error_ struct error e = ERROR_INIT;
        _cleanup_free_ char *folder = NULL, *path = NULL, *pattern = NULL;
        const char *rest;
        int r;

        r = rulepath_split(rule->path, &folder, &rest);
        if (r < 0)
                return r;
        r = rulepath_expand(folder, vars, &path, &e);
        if (r >= 0 && rest)
                r = rulepath_expand(rest, vars, &pattern, &e);
        if (r < 0) {
                if (r != -ENOMEM)
                        rule_finding(findings, source, rule, "path", error_text(&e));
                return r == -ENOMEM ? r : 0;
        }
        r = pattern ? tree_speak_below(t, path, pattern, &say) : tree_speak(t, path, &say);
        return r < 0 ? resolve_failed(findings, source, rule, path, r) : 0;
}

static int place_rules(struct tree *t, const struct source *source, const struct policy_vars *vars, struct findings *findings)
{
        int r = 0;

        for (int i = 1; i <= source->policy->n_rules && r == 0; i++)
                if (source->policy->rules[i - 1].path)
                        r = place_rule(t, source, i, vars, findings);
        return r;
}

/* What lies beside the session's world (another root, a folder that is not there) needs no seal: it is sealed by name, or not reached. */
static int place_seals(struct tree *t, const struct seal *seal)
{
        int r = 0;

        for (; seal && seal->path && r == 0; seal++) {
                struct say say = { .rule = HF_RULE_SEAL, .deny = seal->rights, .seal = true };

                r = tree_speak(t, seal->path, &say);
                if (r < 0 && r != -ENOMEM && !tree_is_full(r))
                        r = 0;
        }
        return r;
}

/* The policy first, then its ceilings. */
struct sources {
        struct source list[HF_LAYERS];
        int n;
        uint8_t ceilings; /* 1 << enum hf_layer */
};

static struct sources find_sources(const struct policy *p, const struct ceiling *ceilings)
{
        struct sources all = { .list = { { .policy = p } }, .n = 1 };

        for (int layer = HF_LAYER_POLICY + 1; ceilings && layer < HF_LAYERS; layer++) {
                if (!ceilings[layer].policy)
                        continue;
                all.list[all.n++] = (struct source){ ceilings[layer].policy, ceilings[layer].file, (enum hf_layer)layer };
                all.ceilings |= (uint8_t)(1u << layer);
        }
        return all;
}

/* The source of a layer that speaks, which is there. */
static const struct source *source_of(const struct sources *all, enum hf_layer layer)
{
        const struct source *source = all->list;

        while (source->layer != layer)
                source++;
        return source;
}

/* Gathers the rules that name a content, by the place that they lead to. */
static int find_contents(const struct tree *t, struct compiled *c, const struct sources *all)
{
        size_t most = 0;

        for (size_t i = 0; i < t->n_says; i++)
                most += t->says[i].content;
        c->contents = most ? calloc(most, sizeof(*c->contents)) : NULL;
        if (most && !c->contents)
                return -ENOMEM;
        for (size_t place = 0; most && place < t->n_places; place++) {
                for (uint32_t i = t->spots[place].content ? t->spots[place].first : 0; i; i = t->says[i - 1].next) {
                        const struct say *say = &t->says[i - 1];
                        const struct source *source = source_of(all, say->layer);

                        if (say->content && say->allow)
                                c->contents[c->n_contents++] =
                                        (struct content_rule){ place, say->layer, policy_rule(source->policy, hf_rule_number(say->rule)),
                                                               source->file, -ENOENT };
                }
        }
        return 0;
}

/* Moves the places out of the tree into the result. */
static void take_places(struct tree *t, struct compiled *c)
{
        c->places = TAKE_PTR(t->places);
        c->n_places = t->n_places;
        c->index = TAKE_PTR(t->index);
        for (int layer = 0; layer < HF_LAYERS; layer++)
                c->layers[layer] = TAKE_PTR(t->ceilings[layer]);
}

static int compile_files(struct compiled *c, const struct sources *all, const struct policy_vars *vars, const struct fs_view *view,
                         struct findings *findings)
{
        _cleanup_(tree_clear) struct tree t = TREE_INIT;
        int r;

        r = tree_init(&t, view, all->ceilings);
        if (r < 0 && r != -ENOMEM)
                findings_add(findings, "$", "the session's root cannot be opened: %s", strerror(-r));
        for (int i = 0; i < all->n && r >= 0; i++)
                r = place_rules(&t, &all->list[i], vars, findings);
        if (r >= 0)
                r = place_seals(&t, vars->seals);
        if (r < 0)
                return r;
        r = tree_fold(&t, 0);
        if (r == 0)
                r = tree_mounts(&t, view->mounts);
        if (r < 0 && r != -ENOMEM && r != -E2BIG)
                findings_add(findings, "$", "the session's mount points cannot be looked at: %s", strerror(-r));
        if (r == 0)
                r = tree_states(&t);
        if (r == -E2BIG)
                findings_add(findings, "$",
                             "the paths with \"*\" are too many to be told apart: name folders, or use \"**\" in fewer of them");
        if (r < 0)
                return r;
        tree_finish(&t);
        r = find_contents(&t, c, all);
        if (r < 0)
                return r;
        take_places(&t, c);
        return all->ceilings ? places_clip(c) : 0;
}

static int compile_net(struct compiled *c, const struct sources *all, struct findings *findings)
{
        int r = net_compile(&all->list[0], &c->prefixes, &c->n_prefixes, findings);

        for (int i = 1; i < all->n && r == 0; i++)
                r = net_clip(c, &all->list[i], findings);
        if (r == 0)
                r = hosts_build(all->list, (size_t)all->n, &c->hosts, findings);
        c->clipped |= c->hosts && hosts_clipped(c->hosts);
        return r;
}

int policy_hosts(const struct policy *p, const struct ceiling *ceilings, struct hosts **ret, struct findings *findings)
{
        const struct sources all = find_sources(p, ceilings);

        return hosts_build(all.list, (size_t)all.n, ret, findings);
}

static bool limits_equal(const struct limits *a, const struct limits *b)
{
        return a->memory == b->memory && a->cpu == b->cpu && a->pids == b->pids && a->files == b->files && a->disk == b->disk &&
               a->sent == b->sent && a->wall == b->wall && a->idle == b->idle;
}

/* A ceiling speaks of what all of a session may, not of how much of it. */
static void refuse_throttles(const struct source *ceiling, struct findings *findings)
{
        for (int i = 0; i < ceiling->policy->n_capabilities; i++) {
                const struct capability *c = &ceiling->policy->capabilities[i];
                _cleanup_free_ char *where = NULL;

                if (!throttle_is_set(&c->throttle))
                        continue;
                if (asprintf(&where, "$.capabilities.%s.throttle", c->name) < 0)
                        where = NULL;
                source_finding(findings, ceiling, where ? where : "$", "found a throttle in a ceiling, expected it in policies only");
        }
}

int policy_compile(const struct policy *p, const struct policy_vars *vars, const struct fs_view *view, struct compiled **ret,
                   struct findings *findings)
{
        const struct sources all = find_sources(p, vars->ceilings);
        _cleanup_(compiled_freep) struct compiled *c = calloc(1, sizeof(*c));
        int before = findings->total, files, net;

        if (!c)
                return -ENOMEM;
        c->policy = p;
        for (int i = 1; i < all.n; i++)
                refuse_throttles(&all.list[i], findings);
        files = compile_files(c, &all, vars, view, findings);
        net = compile_net(c, &all, findings);
        if (findings->total > before)
                return files == -ENOMEM || net == -ENOMEM ? -ENOMEM : -EINVAL;
        if (files < 0 || net < 0)
                return files < 0 ? files : net;
        for (int i = 0; i < p->n_capabilities; i++) {
                if (p->capabilities[i].authorization == AUTHORIZATION_ALWAYS)
                        c->active |= 1ULL << i;
                if (throttle_is_set(&p->capabilities[i].throttle))
                        c->throttled |= 1ULL << i;
        }
        guard_compile(c, p);
        audit_compile(c, p);
        for (int i = 1; i < all.n; i++) {
                guard_clip(c, all.list[i].policy);
                audit_ceiling(c, all.list[i].policy);
        }
        c->limits = policy_limits(p, vars->ceilings);
        c->clipped |= !limits_equal(&c->limits, &p->limits);
        *ret = TAKE_PTR(c);
        return 0;
}

void compiled_close(struct compiled *c)
{
        for (size_t i = 0; i < c->n_places; i++) {
                if (c->places[i].fd >= 0)
                        close(c->places[i].fd);
                c->places[i].fd = -1;
        }
        for (size_t i = 0; i < c->n_contents; i++) {
                if (c->contents[i].fd >= 0)
                        close(c->contents[i].fd);
                c->contents[i].fd = -ENOENT;
        }
}

void compiled_free(struct compiled *c)
{
        if (!c)
                return;
        compiled_close(c);
        for (size_t i = 0; i < c->n_places; i++)
                free(c->places[i].name);
        free(c->places);
        free(c->prefixes);
        free(c->hosts);
        free(c->contents);
        for (int layer = 0; layer < HF_LAYERS; layer++)
                free(c->layers[layer]);
        place_index_free(c->index);
        free(c);
}

/* The place of a name below another; NULL: it has none. */
static const struct place *place_below(const struct compiled *c, const struct place *p, const char *name, size_t length)
{
        int parent = (int)p->node.names - 1, found = parent >= 0 ? place_index_find(c->index, c->places, parent, name, length) : -1;

        if (found < 0 && (p->node.flags & HF_NODE_ANY))
                found = place_index_find(c->index, c->places, parent, PLACE_ANY, 1);
        return found < 0 ? NULL : &c->places[found];
}

const struct place *compiled_find(const struct compiled *c, const char *path, bool *own)
{
        const struct place *place = c->places;
        bool speaks = true;

        for (path += strspn(path, "/"); *path; path += strspn(path, "/")) {
                size_t length = strcspn(path, "/");
                const struct place *below = place_below(c, place, path, length);

                speaks = below && !(below->node.flags & HF_NODE_PASS);
                if (!below && !(place->node.flags & HF_NODE_DEEP))
                        break;
                place = below ? below : place;
                path += length;
        }
        if (own)
                *own = speaks;
        return place;
}

const struct prefix *compiled_find_prefix(const struct compiled *c, const uint8_t addr[16])
{
        const struct prefix *longest = NULL;

        for (size_t i = 0; i < c->n_prefixes; i++)
                if (cidr_holds(c->prefixes[i].addr, c->prefixes[i].bits, addr) && (!longest || c->prefixes[i].bits > longest->bits))
                        longest = &c->prefixes[i];
        return longest;
}
