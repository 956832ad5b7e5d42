/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/roles.c"

#include "base/cleanup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* A line of the table in the documents, "| `GET /v1/x` | own | yes | …", or of the routes. */
struct row {
        char method[8], path[64];
        enum reach reach[CALLERS]; /* of the documents */
        enum operation need;       /* of the routes */
};

static struct row documented[64], routed[64];
static int n_documented, n_routed;

static enum reach reach_parse(const char *word)
{
        if (!strcmp(word, "yes"))
                return REACH_ALL;
        if (!strcmp(word, "own"))
                return REACH_OWN;
        assert_string_equal(word, "no");
        return REACH_NONE;
}

static enum operation need_parse(const char *word)
{
        static const char *const words[OPERATIONS] = { "MAY_NOTHING", "MAY_SEE",   "MAY_BEGIN", "MAY_CHANGE", "MAY_KILL",  "MAY_READ",
                                                       "MAY_FOLLOW",  "MAY_WATCH", "MAY_GRANT", "MAY_DRILL",  "MAY_WONDER" };

        for (int i = 0; i < OPERATIONS; i++)
                if (!strcmp(words[i], word))
                        return i;
        fail_msg("%s is no operation", word);
        return MAY_NOTHING;
}

/* ":id" and "ID" are both "*". */
static void simplify(char *path)
{
        char out[64] = "", *rest = path, *piece;

        while ((piece = strsep(&rest, "/"))) {
                if (!*piece)
                        continue;
                strcat(out, "/");
                strcat(out, *piece == ':' || (*piece >= 'A' && *piece <= 'Z') ? "*" : piece);
        }
        strcpy(path, out);
}

static void read_lines(const char *path, void (*each)(const char *line))
{
        _cleanup_fclose_ FILE *f = fopen(path, "re");
        char line[1024];

        if (!f)
                fail_msg("run from the project's folder: there is no %s", path);
        while (fgets(line, sizeof(line), f))
                each(line);
}

static void take_document(const char *line)
{
        struct row *r = &documented[n_documented];
        char words[6][8];

        if (sscanf(line, "| `%7[A-Z] %63[^`]` | %7[a-z] | %7[a-z] | %7[a-z] | %7[a-z] | %7[a-z] | %7[a-z] |", r->method, r->path, words[0],
                   words[1], words[2], words[3], words[4], words[5]) != 8)
                return;
        simplify(r->path);
        for (int i = 0; i < 6; i++)
                r->reach[CALLER_USER + i] = reach_parse(words[i]);
        n_documented++;
}

static void take_route(const char *line)
{
        struct row *r = &routed[n_routed];
        char need[16];

        if (sscanf(line, " { \"%7[A-Z]\", \"%63[^\"]\"", r->method, r->path) != 2)
                return;
        if (sscanf(line, " { \"%*[A-Z]\", \"%*[^\"]\", %*[a-z_], %15[A-Z_] }", need) != 1)
                fail_msg("a route without an operation: %s", line);
        simplify(r->path);
        r->need = need_parse(need);
        n_routed++;
}

static int setup(void **state)
{
        (void)state;
        read_lines("docs/api.md", take_document);
        read_lines("user/daemon/routes.c", take_route);
        return n_documented > 10 && n_routed > 10 ? 0 : -1;
}

static const struct row *find(const struct row *rows, int n, const struct row *row)
{
        for (int i = 0; i < n; i++)
                if (!strcmp(rows[i].method, row->method) && !strcmp(rows[i].path, row->path))
                        return &rows[i];
        fail_msg("%s %s is in one of docs/api.md # Who may and routes.c, and not in the other", row->method, row->path);
        return NULL;
}

static void the_documents_have_the_table(void **state)
{
        (void)state;
        assert_int_equal(n_documented, n_routed);
        for (int i = 0; i < n_routed; i++) {
                const struct row *d = find(documented, n_documented, &routed[i]);

                find(routed, n_routed, &documented[i]);
                assert_int_not_equal(routed[i].need, MAY_NOTHING);
                for (int caller = CALLER_USER; caller <= CALLER_ROOT; caller++)
                        if (d->reach[caller] != role_reach(routed[i].need, caller))
                                fail_msg("%s %s, caller %d: the documents say otherwise", d->method, d->path, caller);
        }
}

static void what_is_not_in_the_table_reaches_nothing(void **state)
{
        (void)state;
        for (int caller = 0; caller < CALLERS; caller++)
                assert_int_equal(role_reach(MAY_NOTHING, caller), REACH_NONE);
        for (int operation = 0; operation < OPERATIONS; operation++)
                assert_int_equal(role_reach(operation, CALLER_NONE), REACH_NONE);
        assert_int_equal(role_reach(OPERATIONS, CALLER_ROOT), REACH_NONE);
        assert_int_equal(role_reach(MAY_SEE, CALLERS), REACH_NONE);
}

static void nobody_gives_away_more_than_they_have(void **state)
{
        (void)state;
        assert_true(role_covers(CALLER_ADMIN, CALLER_ADMIN));
        assert_true(role_covers(CALLER_ROOT, CALLER_ADMIN));
        assert_true(role_covers(CALLER_OPERATOR, CALLER_VIEWER));
        assert_false(role_covers(CALLER_OPERATOR, CALLER_AUDITOR));
        assert_false(role_covers(CALLER_AUDITOR, CALLER_OPERATOR));
        assert_false(role_covers(CALLER_VIEWER, CALLER_OPERATOR));
        assert_false(role_covers(CALLER_USER, CALLER_VIEWER));
        assert_false(role_covers(CALLER_NONE, CALLER_VIEWER));
}

static void roles_have_names_and_nothing_else_does(void **state)
{
        (void)state;
        for (int role = CALLER_VIEWER; role <= CALLER_ADMIN; role++)
                assert_int_equal(role_parse(role_name(role)), role);
        assert_int_equal(role_parse("root"), CALLER_NONE);
        assert_int_equal(role_parse("user"), CALLER_NONE);
        assert_int_equal(role_parse(""), CALLER_NONE);
        assert_int_equal(role_parse("Admin"), CALLER_NONE);
        assert_null(role_name(CALLER_ROOT));
}

static void who_may_is_told(void **state)
{
        char out[64], small[4];

        (void)state;
        assert_string_equal(role_needed(MAY_KILL, out, sizeof(out)), "operator or admin");
        assert_string_equal(role_needed(MAY_SEE, out, sizeof(out)), "viewer, auditor, operator or admin");
        assert_string_equal(role_needed(MAY_GRANT, out, sizeof(out)), "admin");
        assert_int_equal(strlen(role_needed(MAY_SEE, small, sizeof(small))), 3);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_documents_have_the_table),
                cmocka_unit_test(what_is_not_in_the_table_reaches_nothing),
                cmocka_unit_test(nobody_gives_away_more_than_they_have),
                cmocka_unit_test(roles_have_names_and_nothing_else_does),
                cmocka_unit_test(who_may_is_told),
        };

        return cmocka_run_group_tests(tests, setup, NULL);
}
