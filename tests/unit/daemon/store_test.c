/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/ceilings.c"
#include "daemon/file.c"
#include "daemon/id.c"
#include "daemon/killset.c"
#include "daemon/names.c"
#include "daemon/sql.c"
#include "daemon/store.c"
#include "daemon/store_session.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#define POLICY(name) "{\\\"holdfast\\\":1,\\\"name\\\":\\\"" name "\\\",\\\"capabilities\\\":{\\\"a\\\":{}}}"

/* What session.c would bring the kernel and the event loop with it for. */
struct session *session_new(void)
{
        return calloc(1, sizeof(struct session));
}

void session_free(struct session *s)
{
        if (!s)
                return;
        ceilings_clear(&s->ceilings);
        free(s->policy_name);
        free(s->policy_text);
        free(s->name);
        free(s->agent);
        free(s->version);
        free(s->user);
        free(s->home);
        free(s->workspace);
        free(s->cgroup);
        free(s->end_reason);
        free(s);
}

struct fixture {
        char path[64];
        struct store *store;
        struct session *found;
        struct ceilings previous;
        uint32_t previous_id;
};

static void reopen(struct fixture *f)
{
        _cleanup_error_ struct error e = ERROR_INIT;

        store_close(f->store);
        f->store = NULL;
        if (store_open(f->path, &f->store, &e) < 0)
                fail_msg("%s", error_text(&e));
}

static void setup(struct fixture *f)
{
        *f = (struct fixture){ .path = "/tmp/holdfast-store-XXXXXX" };
        close(mkstemp(f->path));
        reopen(f);
}

static void teardown(struct fixture *f)
{
        static const char *const suffixes[] = { "", "-wal", "-shm" };

        store_close(f->store);
        session_free(f->found);
        ceilings_clear(&f->previous);
        for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++) {
                char path[80];

                snprintf(path, sizeof(path), "%s%s", f->path, suffixes[i]);
                unlink(path);
        }
}
#define _cleanup_store_ _cleanup_(teardown)

/* A session of no more than must be there, under one ceiling of the host, or none. */
static void add_session(struct fixture *f, const char *ceiling)
{
        _cleanup_error_ struct error e = ERROR_INIT;
        struct session s = { .id = "aaaaaaaa",
                             .policy_id = 1,
                             .policy_name = (char[]){ "p" },
                             .policy_text = (char[]){ "{}" },
                             .name = (char[]){ "" },
                             .agent = (char[]){ "coder" },
                             .version = (char[]){ "" },
                             .user = (char[]){ "dev" },
                             .cgroup = (char[]){ "/x" } };

        assert_int_equal(ceilings_load(ceiling, &s.ceilings), 0);
        if (store_session_add(f->store, &s, &e) < 0)
                fail_msg("%s", error_text(&e));
        ceilings_clear(&s.ceilings);
}

static int take(void *context, struct session *s, const struct previous *previous)
{
        struct fixture *f = context;

        session_free(f->found);
        f->found = s;
        f->previous_id = previous->id;
        ceilings_clear(&f->previous);
        return ceilings_load(previous->ceilings, &f->previous);
}

static void find_session(struct fixture *f)
{
        _cleanup_error_ struct error e = ERROR_INIT;

        if (store_sessions(f->store, 0, take, f, &e) < 0)
                fail_msg("%s", error_text(&e));
        assert_non_null(f->found);
        assert_string_equal(f->found->id, "aaaaaaaa");
}

#define UNDER_FIRST "{\"clipped\":true,\"host\":{\"file\":\"/c/host.json\",\"text\":\"" POLICY("first") "\"}}"
#define UNDER_SECOND "{\"clipped\":false,\"user\":{\"file\":\"/c/user.json\",\"text\":\"" POLICY("second") "\"}}"

static void a_session_is_found_again_with_its_ceilings(void **state)
{
        _cleanup_store_ struct fixture f;

        (void)state;
        setup(&f);
        add_session(&f, UNDER_FIRST);
        reopen(&f);
        find_session(&f);
        assert_string_equal(f.found->ceilings.list[HF_LAYER_HOST].policy->name, "first");
        assert_string_equal(f.found->ceilings.list[HF_LAYER_HOST].file, "/c/host.json");
        assert_null(f.found->ceilings.list[HF_LAYER_USER].policy);
        assert_true(f.found->ceilings.clipped);
        assert_int_equal(f.previous_id, 0);
        assert_null(f.previous.list[HF_LAYER_HOST].policy);
}

static void what_is_written_together_is_there_once_all_of_it_is(void **state)
{
        _cleanup_store_ struct fixture f;

        (void)state;
        setup(&f);
        store_begin(f.store);
        assert_int_equal(store_set_number(f.store, "n", 1, NULL), 0);
        reopen(&f);
        assert_int_equal(store_number(f.store, "n"), 0);
        store_begin(f.store);
        assert_int_equal(store_set_number(f.store, "n", 2, NULL), 0);
        assert_int_equal(store_commit(f.store, NULL), 0);
        reopen(&f);
        assert_int_equal(store_number(f.store, "n"), 2);
        assert_true(store_commit(f.store, NULL) < 0); /* nothing was begun, and nothing stays so */
        assert_int_equal(store_set_number(f.store, "n", 3, NULL), 0);
        reopen(&f);
        assert_int_equal(store_number(f.store, "n"), 3);
}

static void the_ceilings_of_the_policy_before_are_kept_beside_the_next(void **state)
{
        _cleanup_ceilings_ struct ceilings next = CEILINGS_INIT;
        _cleanup_store_ struct fixture f;

        (void)state;
        setup(&f);
        add_session(&f, UNDER_FIRST);
        assert_int_equal(ceilings_load(UNDER_SECOND, &next), 0);
        assert_int_equal(store_session_policy(f.store, "aaaaaaaa", 2, "q", "{}", &next, NULL), 0);
        find_session(&f);
        assert_int_equal(f.found->policy_id, 2);
        assert_string_equal(f.found->ceilings.list[HF_LAYER_USER].policy->name, "second");
        assert_null(f.found->ceilings.list[HF_LAYER_HOST].policy);
        assert_int_equal(f.previous_id, 1);
        assert_string_equal(f.previous.list[HF_LAYER_HOST].policy->name, "first");
}

#define KILLS_WITHOUT_SCOPES \
        "DROP TABLE kills; CREATE TABLE kills (id TEXT PRIMARY KEY, session TEXT NOT NULL, strength TEXT NOT NULL, uid INTEGER NOT NULL," \
        " reason TEXT NOT NULL, actor TEXT NOT NULL, time INTEGER NOT NULL);" \
        "INSERT INTO kills VALUES ('kkkkkkkk', 'aaaaaaaa', 'pause', 7, 'why', 'dev', 1), ('llllllll', '', 'kill', 0, '', 'root', 2);"

static void a_database_from_before_there_were_ceilings_is_taken_up(void **state)
{
        static const char back[] =
                KILLS_WITHOUT_SCOPES "ALTER TABLE sessions DROP COLUMN ceilings; ALTER TABLE sessions DROP COLUMN previous_ceilings;"
                                     "PRAGMA user_version = 1;";
        _cleanup_store_ struct fixture f;

        (void)state;
        setup(&f);
        add_session(&f, NULL);
        assert_int_equal(sqlite3_exec(f.store->db, back, NULL, NULL, NULL), SQLITE_OK);
        reopen(&f);
        find_session(&f);
        assert_null(f.found->ceilings.list[HF_LAYER_HOST].policy);
        assert_int_equal(store_session_policy(f.store, "aaaaaaaa", 2, "q", "{}", &f.found->ceilings, NULL), 0);
        reopen(&f);
        find_session(&f);
        assert_int_equal(f.found->policy_id, 2);
}

static int take_kill(void *context, struct kill *k)
{
        return killset_add(context, k);
}

static void find_kills(struct fixture *f, struct killset *set)
{
        _cleanup_error_ struct error e = ERROR_INIT;

        reopen(f);
        if (store_kills(f->store, take_kill, set, &e) < 0)
                fail_msg("%s", error_text(&e));
}

static void a_kill_of_each_scope_is_found_again(void **state)
{
        static const struct target targets[] = {
                { KILL_SESSION, "aaaaaaaa", "", "" }, { KILL_AGENT, "", "coder", "2" }, { KILL_CAPABILITY, "aaaaaaaa", "llm", "" },
                { KILL_USER, "", "dev", "" },         { KILL_ALL, "", "", "" },
        };
        struct killset set = { NULL, 0 };
        _cleanup_store_ struct fixture f;

        (void)state;
        setup(&f);
        for (size_t i = 0; i < ARRAY_SIZE(targets); i++) {
                struct kill *k = kill_new(&targets[i], HF_KILL_DENY, 7, "why", "root", i + 1);

                k->until = i * 10;
                assert_int_equal(store_kill_add(f.store, k, NULL), 0);
                kill_free(k);
        }
        find_kills(&f, &set);
        assert_int_equal(set.count, ARRAY_SIZE(targets));
        for (size_t i = 0; i < set.count; i++) {
                assert_true(target_same(&set.list[i]->target, &targets[i]));
                assert_int_equal(set.list[i]->until, i * 10);
                assert_int_equal(set.list[i]->strength, HF_KILL_DENY);
                assert_int_equal(set.list[i]->uid, 7);
                assert_string_equal(set.list[i]->reason, "why");
                assert_true(set.list[i]->stored);
        }
        assert_int_equal(store_kill_delete(f.store, set.list[0]->id, NULL), 0);
        killset_clear(&set);
        find_kills(&f, &set);
        assert_int_equal(set.count, ARRAY_SIZE(targets) - 1);
        killset_clear(&set);
}

/* Then it is in force all the same, and can be lifted. */
static void a_kill_that_finds_no_room_is_not_on_record(void **state)
{
        const struct target t = { KILL_AGENT, "", "coder", "" };
        _cleanup_error_ struct error e = ERROR_INIT;
        struct killset set = { NULL, 0 };
        _cleanup_free_ char *reason = calloc(1, 1 << 20);
        _cleanup_store_ struct fixture f;
        struct kill *k;

        (void)state;
        setup(&f);
        memset(reason, 'a', (1 << 20) - 1);
        k = kill_new(&t, HF_KILL_DENY, 0, reason, "root", 1);
        assert_int_equal(sqlite3_exec(f.store->db, "PRAGMA max_page_count = 1", NULL, NULL, NULL), SQLITE_OK);
        assert_int_equal(store_kill_add(f.store, k, &e), -ENOSPC);
        assert_int_equal(store_kill_delete(f.store, k->id, &e), 0);
        kill_free(k);
        find_kills(&f, &set);
        assert_int_equal(set.count, 0);
}

static void kills_from(const char *back)
{
        struct killset set = { NULL, 0 };
        _cleanup_store_ struct fixture f;

        setup(&f);
        assert_int_equal(sqlite3_exec(f.store->db, back, NULL, NULL, NULL), SQLITE_OK);
        find_kills(&f, &set);
        assert_int_equal(set.count, 2);
        assert_int_equal(set.list[0]->target.scope, KILL_SESSION);
        assert_string_equal(set.list[0]->target.session, "aaaaaaaa");
        assert_int_equal(set.list[0]->strength, HF_KILL_PAUSE);
        assert_int_equal(set.list[1]->target.scope, KILL_ALL);
        assert_int_equal(set.list[1]->until, 0);
        killset_clear(&set);
        find_kills(&f, &set); /* it is of this version now */
        assert_int_equal(set.count, 2);
        killset_clear(&set);
}

static void kills_from_before_there_were_scopes_are_taken_up(void **state)
{
        (void)state;
        kills_from(KILLS_WITHOUT_SCOPES "PRAGMA user_version = 2;");
        kills_from(KILLS_WITHOUT_SCOPES "ALTER TABLE sessions DROP COLUMN ceilings; ALTER TABLE sessions DROP COLUMN previous_ceilings;"
                                        "PRAGMA user_version = 1;");
}

static void a_kill_of_a_scope_that_is_not_known_stops_the_start(void **state)
{
        _cleanup_error_ struct error e = ERROR_INIT;
        struct killset set = { NULL, 0 };
        _cleanup_store_ struct fixture f;

        (void)state;
        setup(&f);
        assert_int_equal(sqlite3_exec(f.store->db, "INSERT INTO kills VALUES ('k', '', 'kill', 0, '', 'root', 1, 'galaxy', '', '', 0)",
                                      NULL, NULL, NULL),
                         SQLITE_OK);
        assert_int_equal(store_kills(f.store, take_kill, &set, &e), -EBADMSG);
}

static void a_database_of_a_newer_version_is_refused(void **state)
{
        _cleanup_error_ struct error e = ERROR_INIT;
        _cleanup_store_ struct fixture f;
        struct store *other = NULL;

        (void)state;
        setup(&f);
        assert_int_equal(sqlite3_exec(f.store->db, "PRAGMA user_version = 99;", NULL, NULL, NULL), SQLITE_OK);
        assert_int_equal(store_open(f.path, &other, &e), -EPROTO);
        assert_non_null(strstr(error_text(&e), "newer"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_session_is_found_again_with_its_ceilings),
                cmocka_unit_test(what_is_written_together_is_there_once_all_of_it_is),
                cmocka_unit_test(the_ceilings_of_the_policy_before_are_kept_beside_the_next),
                cmocka_unit_test(a_database_from_before_there_were_ceilings_is_taken_up),
                cmocka_unit_test(a_kill_of_each_scope_is_found_again),
                cmocka_unit_test(a_kill_that_finds_no_room_is_not_on_record),
                cmocka_unit_test(kills_from_before_there_were_scopes_are_taken_up),
                cmocka_unit_test(a_kill_of_a_scope_that_is_not_known_stops_the_start),
                cmocka_unit_test(a_database_of_a_newer_version_is_refused),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
