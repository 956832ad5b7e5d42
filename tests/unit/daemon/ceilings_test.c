/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/ceilings.c"
#include "daemon/file.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#define POLICY(name) "{\"holdfast\":1,\"name\":\"" name "\",\"capabilities\":{\"a\":{}}}"

/* A folder of ceilings, and what reading it gave. */
struct fixture {
        char folder[64], path[128];
        struct ceilings ceilings;
        struct findings findings;
        struct error e;
};

static void setup(struct fixture *f)
{
        *f = (struct fixture){ .ceilings = CEILINGS_INIT };
        if (geteuid() != 0)
                skip(); /* a ceiling belongs to root */
        strcpy(f->folder, "/tmp/holdfast-ceilings-XXXXXX");
        assert_non_null(mkdtemp(f->folder));
        assert_int_equal(chmod(f->folder, 0755), 0);
        snprintf(f->path, sizeof(f->path), "%s/users", f->folder);
        assert_int_equal(mkdir(f->path, 0755), 0);
}

static void teardown(struct fixture *f)
{
        static const char *const names[] = { "host.json", "user.json", "users/dev.json", "users/..json", "users" };

        for (size_t i = 0; i < ARRAY_SIZE(names) && f->folder[0]; i++) {
                snprintf(f->path, sizeof(f->path), "%s/%s", f->folder, names[i]);
                remove(f->path);
        }
        if (f->folder[0])
                remove(f->folder);
        ceilings_clear(&f->ceilings);
        findings_clear(&f->findings);
        error_clear(&f->e);
}
#define _cleanup_folder_ _cleanup_(teardown)

static void put_file(struct fixture *f, const char *name, const char *text)
{
        FILE *file;

        snprintf(f->path, sizeof(f->path), "%s/%s", f->folder, name);
        file = fopen(f->path, "we");
        assert_non_null(file);
        fputs(text, file);
        fclose(file);
        assert_int_equal(chmod(f->path, 0644), 0);
}

static int read_for(struct fixture *f, const char *user)
{
        ceilings_clear(&f->ceilings);
        return ceilings_read(f->folder, user, &f->ceilings, &f->findings, &f->e);
}

static void refuses(struct fixture *f, const char *file, const char *words)
{
        assert_int_equal(read_for(f, "dev"), -ENOTRECOVERABLE);
        assert_null(f->ceilings.list[HF_LAYER_HOST].policy);
        if (strstr(error_text(&f->e), file) && strstr(error_text(&f->e), words))
                return;
        print_error("%s\n", error_text(&f->e));
        fail();
}

static void files_that_are_not_there_are_no_ceiling(void **state)
{
        _cleanup_folder_ struct fixture f;

        (void)state;
        setup(&f);
        assert_int_equal(read_for(&f, "dev"), 0);
        for (int i = 0; i < HF_LAYERS; i++)
                assert_null(f.ceilings.list[i].policy);
        assert_int_equal(ceilings_read("/nonexistent/ceilings", "dev", &f.ceilings, &f.findings, &f.e), 0);
}

static void a_user_has_their_own_ceiling_or_that_of_all_users(void **state)
{
        _cleanup_folder_ struct fixture f;

        (void)state;
        setup(&f);
        put_file(&f, "host.json", POLICY("all"));
        put_file(&f, "user.json", POLICY("others"));
        put_file(&f, "users/dev.json", POLICY("dev"));
        assert_int_equal(read_for(&f, "dev"), 0);
        assert_string_equal(f.ceilings.list[HF_LAYER_HOST].policy->name, "all");
        assert_string_equal(f.ceilings.list[HF_LAYER_USER].policy->name, "dev");
        assert_non_null(strstr(f.ceilings.list[HF_LAYER_USER].file, "/users/dev.json"));
        assert_int_equal(read_for(&f, "eve"), 0);
        assert_string_equal(f.ceilings.list[HF_LAYER_USER].policy->name, "others");
}

static void a_name_that_cannot_be_one_of_a_file_leads_nowhere_else(void **state)
{
        _cleanup_folder_ struct fixture f;

        (void)state;
        setup(&f);
        put_file(&f, "host.json", POLICY("all"));
        put_file(&f, "user.json", POLICY("others"));
        put_file(&f, "users/..json", POLICY("dot"));
        assert_int_equal(read_for(&f, "../host"), 0);
        assert_string_equal(f.ceilings.list[HF_LAYER_USER].policy->name, "others");
        assert_int_equal(read_for(&f, "."), 0);
        assert_string_equal(f.ceilings.list[HF_LAYER_USER].policy->name, "others");
}

static void a_policy_with_errors_is_refused_with_file_and_place(void **state)
{
        _cleanup_folder_ struct fixture f;

        (void)state;
        setup(&f);
        put_file(&f, "host.json", "{\"holdfast\":1,\"name\":\"x\",\"capabilities\":{\"a\":{}},\"colour\":1,\"tools\":[]}");
        refuses(&f, "/host.json", "has errors");
        assert_int_equal(f.findings.total, 2);
        assert_non_null(strstr(f.findings.list[0].where, "/host.json: $."));
        ceilings_check(f.folder);
}

static void a_file_that_others_may_write_is_refused(void **state)
{
        _cleanup_folder_ struct fixture f;

        (void)state;
        setup(&f);
        put_file(&f, "host.json", POLICY("all"));
        assert_int_equal(chmod(f.path, 0664), 0);
        refuses(&f, "/host.json", "must belong to root");
        assert_int_equal(chmod(f.path, 0644), 0);
        assert_int_equal(chown(f.path, 1000, 0), 0);
        refuses(&f, "/host.json", "must belong to root");
}

static void a_folder_that_others_may_write_is_refused(void **state)
{
        _cleanup_folder_ struct fixture f;

        (void)state;
        setup(&f);
        snprintf(f.path, sizeof(f.path), "%s/users", f.folder);
        assert_int_equal(chmod(f.path, 0777), 0);
        refuses(&f, "/users", "must belong to root");
        assert_int_equal(chmod(f.folder, 01777), 0);
        refuses(&f, f.folder, "must belong to root");
}

static void what_is_no_file_is_refused(void **state)
{
        _cleanup_folder_ struct fixture f;

        (void)state;
        setup(&f);
        snprintf(f.path, sizeof(f.path), "%s/host.json", f.folder);
        assert_int_equal(mkdir(f.path, 0755), 0);
        refuses(&f, "/host.json", "cannot be read");
}

static void what_is_saved_is_loaded_as_it_was(void **state)
{
        static const char text[] = "{\"holdfast\":1,\"name\":\"all\",\"description\":\"a \\\\x41 \\u00e4\",\"capabilities\":{\"a\":{}}}";
        _cleanup_ceilings_ struct ceilings loaded = CEILINGS_INIT;
        _cleanup_folder_ struct fixture f;
        _cleanup_free_ char *saved = NULL;
        _cleanup_json_ cJSON *list = NULL;

        (void)state;
        setup(&f);
        put_file(&f, "host.json", text);
        assert_int_equal(read_for(&f, "dev"), 0);
        f.ceilings.clipped = true;
        assert_int_equal(ceilings_save(&f.ceilings, &saved), 0);
        assert_int_equal(ceilings_load(saved, &loaded), 0);
        assert_string_equal(loaded.layers[HF_LAYER_HOST].text, text);
        assert_string_equal(loaded.list[HF_LAYER_HOST].policy->description, f.ceilings.list[HF_LAYER_HOST].policy->description);
        assert_null(loaded.list[HF_LAYER_USER].policy);
        assert_true(loaded.clipped);
        ceilings_forget(&loaded);
        list = ceilings_json(&loaded);
        assert_int_equal(cJSON_GetArraySize(list), 1);
        assert_string_equal(json_get_string(cJSON_GetArrayItem(list, 0), "layer"), "host");
        assert_string_equal(json_get_string(cJSON_GetArrayItem(list, 0), "name"), "all");
}

static void none_are_saved_as_nothing(void **state)
{
        _cleanup_ceilings_ struct ceilings c = CEILINGS_INIT;
        char *saved = NULL;

        (void)state;
        assert_int_equal(ceilings_save(&c, &saved), 0);
        assert_null(saved);
        assert_int_equal(ceilings_load(NULL, &c), 0);
        assert_int_equal(ceilings_load("no JSON", &c), -EBADMSG);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(files_that_are_not_there_are_no_ceiling),
                cmocka_unit_test(a_user_has_their_own_ceiling_or_that_of_all_users),
                cmocka_unit_test(a_name_that_cannot_be_one_of_a_file_leads_nowhere_else),
                cmocka_unit_test(a_policy_with_errors_is_refused_with_file_and_place),
                cmocka_unit_test(a_file_that_others_may_write_is_refused),
                cmocka_unit_test(a_folder_that_others_may_write_is_refused),
                cmocka_unit_test(what_is_no_file_is_refused),
                cmocka_unit_test(what_is_saved_is_loaded_as_it_was),
                cmocka_unit_test(none_are_saved_as_nothing),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
